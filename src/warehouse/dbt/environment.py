"""The environment of dbt: dbt-core with the adapters for DuckDB and PostgreSQL, apart from our own packages.

dbt-core 1.11 keeps pathspec and protobuf below what development uses, so dbt lives in a virtual environment inside
ours. `requirements.txt` beside this module pins every package with its hashes (`make lock` writes it).
"""

import hashlib
import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from shutil import copyfile
from typing import Final

from txn_core.exceptions import StackError

LOCK: Final = Path(__file__).with_name("requirements.txt")
SHARED: Final = "duckdb"
"""The package that dbt takes from our environment: 58 MB, of the same version in both."""
_STAMP: Final = "installed"
_INSTALL: Final = ("--no-compile", "--quiet", "--require-hashes", "--no-input", "--requirement", str(LOCK))


class DbtError(StackError):
    """dbt is not installed, or a build failed. The text names the model or test, and a remedy."""


@dataclass(frozen=True, slots=True)
class DbtEnvironment:
    """A virtual environment with dbt."""

    folder: Path

    @property
    def program(self) -> Path:
        """The `dbt` command."""
        return self.folder / "bin/dbt"

    @property
    def is_current(self) -> bool:
        """Whether everything that the lock pins is installed here."""
        stamp = self.folder / _STAMP
        return stamp.is_file() and stamp.read_text("ascii") == _digest_of_lock()

    def install(self) -> None:
        """Make the environment and install what the lock pins; a half-made one is completed.

        Raises:
            DbtError: pip failed, most often because no package index can be reached.
        """
        (self.folder / _STAMP).unlink(missing_ok=True)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(self.folder)
        self._share(SHARED)
        self._pip("install", *_INSTALL)
        self._pip("check")
        (self.folder / _STAMP).write_text(_digest_of_lock(), "ascii")

    def _share(self, name: str) -> None:
        """Give the environment our own copy of a package, as further names of the same files where the disk can.

        Unlike a search path into our environment this shows dbt no other package of ours. Pip then finds the package
        installed, and brings its own only if the lock pins another version.
        """
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            return
        site = self._site_packages()
        for file in distribution.files or ():
            source, target = Path(str(distribution.locate_file(file))), site / file
            if target.exists() or not source.is_file() or not target.resolve().is_relative_to(site.resolve()):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:  # another disk
                copyfile(source, target)

    def _site_packages(self) -> Path:
        code = "import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))"
        answer = subprocess.run(  # noqa: S603 - the interpreter of the environment
            (self.folder / "bin/python", "-I", "-c", code), check=True, capture_output=True
        )
        return Path(json.loads(answer.stdout))

    def _pip(self, *arguments: str) -> None:
        command = (sys.executable, "-m", "pip", "--python", str(self.folder / "bin/python"), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
        if done.returncode:
            lines = [line for line in (done.stderr or done.stdout).splitlines() if line.startswith("ERROR")]
            said = lines[-1] if lines else f"pip ended with code {done.returncode}"
            raise DbtError(f"dbt cannot be installed into {self.folder} ({said}): see that a package index answers")


def own_environment() -> DbtEnvironment:
    """The environment of dbt inside the environment that this process runs in."""
    return DbtEnvironment(Path(sys.prefix) / "dbt")


def dbt_program(named: Path | None = None) -> Path:
    """The `dbt` command that builds run: the one that is named (TXN_WAREHOUSE_DBT), or our own.

    Raises:
        DbtError: there is none.
    """
    if named is not None:
        if not os.access(named, os.X_OK):
            raise DbtError(f"TXN_WAREHOUSE_DBT names {named}, which is no program")
        return named
    environment = own_environment()
    if not environment.is_current:
        raise DbtError("dbt is not installed, or not as this version pins it: run `txn warehouse install`")
    return environment.program


def _digest_of_lock() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
