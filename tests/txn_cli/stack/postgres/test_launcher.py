"""A lock file that was left behind stands in nobody's way once its process id is another program's."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from devkit.postgres_server import PostgresServer

from txn_cli.stack.postgres.launcher import drop_stale_lock


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "postmaster.pid"


def test_the_lock_of_another_program_is_dropped(lock: Path) -> None:
    lock.write_text(f"{os.getpid()}\n/proc/self/cwd\n")
    drop_stale_lock(lock)
    assert not lock.exists()


def test_the_lock_of_a_server_that_runs_is_kept(lock: Path, postgres_server: PostgresServer) -> None:
    lock.write_text(f"{postgres_server.pid}\n/proc/self/cwd\n")
    drop_stale_lock(lock)
    assert lock.exists()


def test_the_lock_of_a_server_that_nobody_has_waited_for_is_dropped(lock: Path) -> None:
    """It has ended, and its process id is still there: nothing else would ever remove the lock."""
    program = Path(shutil.copy(shutil.which("true") or "", lock.parent / "postgres"))
    with subprocess.Popen([program]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        lock.write_text(f"{ended.pid}\n/proc/self/cwd\n")
        drop_stale_lock(lock)
    assert not lock.exists()


def test_the_lock_of_a_server_that_is_gone_is_left_to_postgresql(lock: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock.write_text(f"{gone.pid}\n/proc/self/cwd\n")
    drop_stale_lock(lock)
    assert lock.exists()


@pytest.mark.parametrize("text", ["", "no number", "\0"])
def test_a_lock_that_names_nobody_is_left_to_postgresql(lock: Path, text: str) -> None:
    lock.write_text(text)
    drop_stale_lock(lock)
    assert lock.exists()
