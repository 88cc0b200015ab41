"""A process's own clocks."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.chaos.system import Clock

SCRIPT = """
import asyncio, sys, time, uvloop
from datetime import UTC, datetime
async def loop_time():
    return asyncio.get_running_loop().time()
for _ in sys.stdin:
    moment = datetime.now(UTC)
    times = time.time(), moment.timestamp(), time.monotonic(), uvloop.run(loop_time())
    print(*times, isinstance(moment, datetime), flush=True)
"""
CLOSE_S = 5.0


def test_the_clocks_of_one_process_jump_when_told(tmp_path: Path) -> None:
    """Wall clock and dates by one amount, the monotonic clock and the event loop by another, without a restart."""
    clock = Clock(tmp_path / "clock")
    environment = os.environ | clock.environment({"PYTHONPATH": ""})
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for wall_s, monotonic_s in ((0.0, 0.0), (-240.0, 0.0), (0.0, 3600.0)):
            clock.set(wall_s, monotonic_s)
            process.stdin.write("now\n")
            process.stdin.flush()
            wall, date, monotonic, loop, is_datetime = process.stdout.readline().split()
            assert abs(float(wall) - time.time() - wall_s) < CLOSE_S
            assert abs(float(date) - time.time() - wall_s) < CLOSE_S
            assert abs(float(monotonic) - time.monotonic() - monotonic_s) < CLOSE_S
            assert abs(float(loop) - time.monotonic() - monotonic_s) < CLOSE_S
            assert is_datetime == "True"
