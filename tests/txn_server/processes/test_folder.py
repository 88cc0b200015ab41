"""The folder of sockets is private and short-lived, and a killed supervisor's is removed by the next."""

import fcntl
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from txn_core.exceptions import ServingError
from txn_server.processes.folder import PREFIX, socket_folder


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that nobody else has."""
    with tempfile.TemporaryDirectory() as made:
        monkeypatch.setattr(tempfile, "tempdir", made)
        yield Path(made)


def test_a_folder_is_private_and_gone_afterwards(temporary: Path) -> None:
    """Also when something is left in it."""
    with socket_folder() as folder:
        assert folder.parent == temporary
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "1.sock").touch()
    assert not folder.exists()


def test_what_a_killed_supervisor_left_is_removed(temporary: Path) -> None:
    """And nothing that is in use, only being made, or not ours."""
    left, made, foreign = (temporary / name for name in (f"{PREFIX}left", f"{PREFIX}made", "else"))
    for folder, lock in ((left, "held\n"), (made, ""), (foreign, "held\n")):
        folder.mkdir()
        (folder / "lock").write_text(lock)
    with socket_folder() as first, socket_folder() as second:
        assert {*temporary.iterdir()} == {first, second, made, foreign}


def test_a_lock_that_is_held_protects_its_folder(temporary: Path) -> None:
    """Whoever holds it."""
    folder = temporary / f"{PREFIX}used"
    folder.mkdir()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print("held", file=lock, flush=True)
        with socket_folder():
            assert folder.exists()


def test_too_long_a_name_is_said(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process would fail with a text that names no remedy."""
    deep = temporary / ("x" * 80)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(ServingError, match="set TMPDIR"), socket_folder():
        pytest.fail("it was used")
    assert list(deep.iterdir()) == []
