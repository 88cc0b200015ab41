"""Who may read the local stack's folder: its owner, whatever was there before."""

import os
import stat
from pathlib import Path

import pytest

from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.private_folder import make_private
from txn_core.exceptions import StackError

ANOTHER = os.geteuid() + 4_711


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_stack(root: Path) -> list[Path]:
    """A folder as an earlier version, or whoever made it beforehand, left it: open to all."""
    made = [root / "s3" / "volume" / "1.dat", root / "kinesis" / "000001.log", root / "logs" / "api.log"]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a transaction")
    (root / "mine").mkdir()
    for path in [root, *root.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    return made


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the mask of the process is."""
    before = os.umask(0)
    try:
        with DataDir.at(tmp_path / "a" / "stack").locked():
            assert mode(tmp_path / "a" / "stack") == 0o700
    finally:
        os.umask(before)


def test_a_folder_that_was_open_is_closed_with_all_that_the_stack_keeps_there(tmp_path: Path) -> None:
    """What is the user's own in it stays as it was, behind the closed folder."""
    root = tmp_path / "stack"
    files = open_stack(root)
    with DataDir.at(root).locked():
        for path in [root, *files, *(file.parent for file in files), root / "s3"]:
            assert not mode(path) & 0o077, path
            assert mode(path) & 0o600 == 0o600, path
        assert mode(root / "mine") == 0o777
        assert files[0].read_text() == "a transaction"


def test_what_a_link_in_the_folder_leads_to_is_left_alone(tmp_path: Path) -> None:
    """It may lead anywhere."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    root = tmp_path / "stack"
    open_stack(root)
    (root / "loads").symlink_to(outside)
    with DataDir.at(root).locked():
        assert mode(outside) == 0o755


def test_a_link_of_ones_own_leads_to_a_folder_that_is_closed(tmp_path: Path) -> None:
    """The data may lie on another disk."""
    target = tmp_path / "disk"
    target.mkdir(mode=0o755)
    (tmp_path / "stack").symlink_to(target)
    with DataDir.at(tmp_path / "stack").locked():
        assert mode(target) == 0o700


def test_a_place_that_users_share_is_not_closed_to_them(tmp_path: Path) -> None:
    """Root owns `/tmp`, and would be obeyed."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(StackError, match="is shared by users"), DataDir.at(shared).locked():
        pass
    assert mode(shared) == 0o1777
    assert not [*shared.iterdir()]


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could read and replace what is written there; and what they wrote there is not believed either."""
    root = tmp_path / "stack"
    root.mkdir(mode=0o777)
    monkeypatch.setattr("txn_cli.stack.private_folder.os.geteuid", lambda: ANOTHER)
    with pytest.raises(StackError, match="belongs to another user"), DataDir.at(root).locked():
        pass
    with pytest.raises(StackError, match="belongs to another user"):
        Ready.read(DataDir.at(root))
    assert not list(root.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what is another user's")
def test_a_link_of_another_user_is_refused(tmp_path: Path) -> None:
    """Also one that leads to a folder of our own."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "stack").symlink_to(tmp_path / "ours")
    os.chown(tmp_path / "stack", ANOTHER, -1, follow_symlinks=False)
    with pytest.raises(StackError, match="belongs to another user"), DataDir.at(tmp_path / "stack").locked():
        pass


def test_a_folder_below_one_that_is_open_to_all_is_closed(tmp_path: Path) -> None:
    """As in the workspaces of containers. Whoever replaces it there is found out by its owner, at the next start."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with DataDir.at(shared / "stack").locked():
        assert (mode(shared), mode(shared / "stack")) == (0o777, 0o700)


@pytest.mark.parametrize("there", ["a file", "a link to nothing"])
def test_what_is_no_folder_is_refused(tmp_path: Path, there: str) -> None:
    """In one line."""
    place = tmp_path / "stack"
    if there == "a file":
        place.write_text("")
    else:
        place.symlink_to(tmp_path / "nothing")
    with pytest.raises(StackError, match="cannot open"):
        make_private(place, ())
