"""What the watch of a stack counts."""

import os
import subprocess
import sys
from pathlib import Path

from bench.size.watch import disk_bytes, memory_bytes

SLEEPING = [sys.executable, "-c", "print(flush=True); input()"]


def test_disk_is_counted_by_the_folder_of_each_server(tmp_path: Path) -> None:
    for name, size in (("kinesis/a/1", 100_000), ("kinesis/2", 50_000), ("s3/x", 10_000)):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(size))
    sizes = disk_bytes(tmp_path)
    assert 150_000 <= sizes["kinesis"] < 200_000
    assert 10_000 <= sizes["s3"] < 20_000


def test_memory_is_that_of_each_descendant_under_the_name_of_its_ancestor() -> None:
    with subprocess.Popen(SLEEPING, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        named, unnamed = memory_bytes({child.pid: "index"}), memory_bytes({})
        child.communicate(b"\n")
    assert named["index"] > 1_000_000
    assert "commands" not in named or unnamed["commands"] > named["commands"]
    assert unnamed["commands"] >= named["index"] // 2
