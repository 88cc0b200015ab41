"""The folder's lock, and files that are published."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from txn_core.exceptions import WarehouseBusyError, WarehouseError
from txn_core.settings import Settings
from warehouse.run.duckdb_target import PUBLISHED, DuckDbTarget
from warehouse.run.folder import WarehouseFolder, publish


def test_one_run_holds_the_folder(tmp_path: Path) -> None:
    folder = WarehouseFolder(tmp_path / "warehouse")
    with folder.locked(wait_s=0), pytest.raises(WarehouseBusyError, match="another run"), folder.locked(wait_s=0):
        pass
    with folder.locked(wait_s=0):
        pass


def test_a_child_keeps_the_lock_of_a_run_that_ended(tmp_path: Path) -> None:
    """Two builds at once would work on the same files, so the lock is free only when the child is gone."""
    folder = WarehouseFolder(tmp_path)
    with folder.locked(wait_s=0) as lock:
        child = subprocess.Popen((sys.executable, "-c", "input()"), stdin=subprocess.PIPE, pass_fds=(lock,))
    with pytest.raises(WarehouseBusyError), folder.locked(wait_s=0):
        pass
    child.communicate()
    with folder.locked(wait_s=0):
        pass


def test_readers_keep_the_file_that_they_have_open(tmp_path: Path) -> None:
    """A published file takes the other one's place at once and whole."""
    source, target = tmp_path / "built", tmp_path / "published"
    source.write_bytes(b"one")
    publish(source, target)
    with target.open("rb") as reader:
        source.write_bytes(b"another" * 100_000)
        publish(source, target)
        assert reader.read() == b"one"
    assert target.read_bytes() == b"another" * 100_000
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "published"]


def test_a_full_disk_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "built", tmp_path / "published"
    source.write_bytes(b"new")
    target.write_bytes(b"old")

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "sendfile", full)
    with pytest.raises(OSError, match="No space"):
        publish(source, target)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "published"]


@pytest.mark.parametrize("name", ["landing", "warehouse", "steward"])
def test_a_work_file_that_is_none_says_the_remedy(name: str, tmp_path: Path) -> None:
    """Whichever it is, and before dbt is started; `--full` alone would meet the same file again."""
    folder = WarehouseFolder(tmp_path)
    target = DuckDbTarget(folder, Settings(warehouse_wait_s=0.1))
    target.landing().open().close()
    folder.built(name).write_bytes(b"garbage")
    with pytest.raises(WarehouseError, match="remove the folder work/"):
        target.built()


def test_each_published_file_that_is_gone_is_published_again(tmp_path: Path) -> None:
    folder = WarehouseFolder(tmp_path)
    target = DuckDbTarget(folder, Settings(warehouse_wait_s=0.1))
    folder.work.mkdir()
    for name in PUBLISHED:
        with duckdb.connect(folder.built(name)) as connection:
            connection.execute("create schema meta; create table meta.run as select 'one' as run_id, 1 as to_load_id")
    assert target.publish()
    for name in PUBLISHED:
        folder.published(name).unlink()
        assert target.publish(), name
        assert folder.published(name).is_file()
    assert not target.publish()
