"""What a killed supervisor left is ended; what only looks like it is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from txn_cli.stack.children import leftovers
from txn_cli.stack.children.leftovers import ProcessMark
from txn_cli.stack.datadir import DataDir, read_json, write_private
from txn_core.exceptions import StackError


@pytest.fixture
def stray() -> Iterator[subprocess.Popen[bytes]]:
    """A process that some supervisor started and nobody ended."""
    with subprocess.Popen([sys.executable, "-I", "-c", "import signal; signal.pause()"]) as process:
        yield process
        process.kill()


def test_a_leftover_is_ended(tmp_path: Path, stray: subprocess.Popen[bytes]) -> None:
    data_dir = DataDir.at(tmp_path)
    leftovers.note(data_dir, {"kinesis": stray.pid})
    assert leftovers.end(data_dir) == ["kinesis"]
    assert stray.wait() < 0
    assert leftovers.end(data_dir) == []


def test_another_process_under_the_same_id_is_left_alone(tmp_path: Path, stray: subprocess.Popen[bytes]) -> None:
    """After a reboot, or after enough processes, an id means somebody else."""
    data_dir = DataDir.at(tmp_path)
    leftovers.note(data_dir, {"kinesis": stray.pid})
    document = read_json(data_dir.document("children"))
    assert document is not None
    write_private(data_dir.document("children"), {"kinesis": {"pid": stray.pid, "started": "at another time"}})
    assert leftovers.end(data_dir) == []
    assert stray.poll() is None


def test_a_process_that_is_gone_is_no_leftover(tmp_path: Path, stray: subprocess.Popen[bytes]) -> None:
    data_dir = DataDir.at(tmp_path)
    leftovers.note(data_dir, {"kinesis": stray.pid})
    stray.kill()
    stray.wait()
    assert leftovers.end(data_dir) == []


def test_a_damaged_note_is_an_error(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    write_private(data_dir.document("children"), {"kinesis": 1})
    with pytest.raises(StackError, match="damaged"):
        leftovers.end(data_dir)


def test_a_mark_is_of_one_process_alone() -> None:
    mine = ProcessMark.of(os.getpid())
    assert mine is not None
    assert mine.is_running()
    assert not ProcessMark(mine.pid, "at another time").is_running()
