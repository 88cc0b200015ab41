"""The programs lie where the server's account can run them, and nobody else can change them."""

from pathlib import Path

import pytest

from txn_cli.stack.postgres.programs import open_to_others, shared_copy
from txn_core.exceptions import StackError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder as the wheel has it, which its owner alone can read."""
    made = tmp_path / "private" / "pginstall"
    for name in ("bin/postgres", "bin/initdb", "share/postgres.bki", "lib/plpgsql.so"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
        (made / name).chmod(0o700 if name.startswith("bin") else 0o600)
    (tmp_path / "private").chmod(0o700)
    return made


def test_a_closed_folder_above_them_keeps_others_out(root: Path) -> None:
    assert not open_to_others(root)


def test_a_copy_is_there_for_everybody(root: Path, tmp_path: Path) -> None:
    copy = shared_copy(root, tmp_path / "copy")
    assert {path.stat().st_mode & 0o777 for path in (copy, copy / "bin", copy / "bin/initdb")} == {0o755}
    assert (copy / "share/postgres.bki").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy")] == ["copy"]


def test_a_copy_is_made_once(root: Path, tmp_path: Path) -> None:
    copy = shared_copy(root, tmp_path / "copy")
    before = copy.stat().st_ino
    assert shared_copy(root, tmp_path / "copy").stat().st_ino == before


def test_a_copy_that_lost_a_file_is_made_again(root: Path, tmp_path: Path) -> None:
    """A system that clears its temporary folders takes files by their age."""
    copy = shared_copy(root, tmp_path / "copy")
    (copy / "lib/plpgsql.so").unlink()
    assert (shared_copy(root, tmp_path / "copy") / "lib/plpgsql.so").read_text() == "lib/plpgsql.so"


@pytest.mark.parametrize("what", ["writable", "link", "file"])
def test_what_others_may_have_put_there_is_refused(root: Path, tmp_path: Path, what: str) -> None:
    target = tmp_path / "copy"
    if what == "writable":
        shared_copy(root, target).chmod(0o777)
    elif what == "link":
        target.symlink_to(root)
    else:
        target.write_text("")
    with pytest.raises(StackError, match="is not ours alone"):
        shared_copy(root, target)
