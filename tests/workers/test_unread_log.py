"""A worker's process whose log goes into a pipe that nobody reads, and then somebody slow."""

import asyncio
import fcntl
import json
import os
import re
import signal
import sys
import threading
import time
from typing import Final

import httpx
import pytest

from tests.workers.conftest import StackFixture, until
from tests.workers.hosts.test_health import free_port, get
from tests.workers.hosts.test_process import process

POISON: Final = 60
"""Records that are no events; each is a dead letter and a line in the log."""
PIPE_BYTES: Final = 4_096
"""The least that Linux gives a pipe: a fifth of those lines."""
F_SETPIPE_SZ: Final = 1_031  # fcntl.F_SETPIPE_SZ, which macOS lacks


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the pipe's size is Linux' own")
async def test_a_worker_goes_on_while_nobody_reads_and_loses_no_line_when_somebody_does(
    world: StackFixture, own_environment: pytest.MonkeyPatch
) -> None:
    """All is drained and its probes are answered meanwhile; at its orderly end the slow reader gets every line."""
    port = free_port()
    own_environment.setenv("TXN_WORKER_METRICS_PORT", str(port))
    reading, writing = os.pipe()
    fcntl.fcntl(writing, F_SETPIPE_SZ, PIPE_BYTES)
    pieces: list[bytes] = []

    async def drained() -> bool:
        try:
            metrics = (await get(port, "/metrics")).text
        except httpx.TransportError:
            return False
        counts = re.findall(r'^txn_index_dead_letters_total\{reason="undecodable"\} (\d+)', metrics, re.MULTILINE)
        assert "\ntxn_index_log_lines_dropped_total 0.0\n" in metrics
        return counts == [str(POISON)]

    def read_slowly() -> None:
        while piece := os.read(reading, PIPE_BYTES):
            pieces.append(piece)
            time.sleep(0.002)

    await world.send(*(b"poison %d" % number for number in range(POISON)))
    async with process("index", world.settings, stderr=writing) as child:
        os.close(writing)
        await until(drained)
        assert (await get(port, "/readyz")).status_code == 200
        reader = threading.Thread(target=read_slowly)
        reader.start()
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 60) == 0
    await asyncio.to_thread(reader.join, 60)
    os.close(reading)
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    dead_letters = [int(line["sequence_number"]) for line in lines if line["event"] == "dead_letter"]
    assert len(set(dead_letters)) == len(dead_letters) == POISON
    assert lines[-1]["event"] == "stopped"
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)
