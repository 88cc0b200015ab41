"""Whoever logs never waits: not for a pipe that nobody reads, nor for one that is slow, broken or closed."""

import fcntl
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final

import pytest

from tests.txn_cli.stack.told_children import wait_until
from txn_core.logs import log_queue
from txn_core.logs.log_queue import (
    BYTES_MAX,
    FLUSH_S_MAX,
    LINES_MAX,
    RESERVE_LINES,
    STALL_S_MAX,
    WRITE_BYTES_MAX,
    LogQueue,
)

PIPE_BYTES: Final = 4_096  # the least that Linux gives a pipe
F_SETPIPE_SZ: Final = 1_031  # fcntl.F_SETPIPE_SZ, which macOS lacks


class Pipe:
    """A pipe with a queue before it, and what was read of it."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.widen(PIPE_BYTES)
        self.queue = LogQueue(self.writing, lambda lines: b"gap %d\n" % lines)
        self.text = b""
        self._reader: threading.Thread | None = None
        self._pause_s, self._size = 0.0, 1 << 16

    def widen(self, size: int) -> None:
        if sys.platform.startswith("linux"):
            fcntl.fcntl(self.writing, F_SETPIPE_SZ, size)

    def put(self, *lines: object, urgent: bool = False) -> None:
        for line in lines:
            self.queue.put(f"{line}\n".encode(), urgent=urgent)

    def read(self, pause_s: float = 0.0, size: int = 1 << 16) -> None:
        """Begin to read, in a thread, until the pipe is closed."""

        def read() -> None:
            while piece := os.read(self.reading, self._size):
                self.text += piece
                time.sleep(self._pause_s)

        self._pause_s, self._size = pause_s, size
        self._reader = threading.Thread(target=read)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        return self.text.decode().splitlines()

    @property
    def count(self) -> int:
        """How many whole lines there are."""
        return self.text.count(b"\n")

    def close(self) -> None:
        """Let everything out, and be gone."""
        if self._reader is None:
            self.read()
        self._pause_s, self._size = 0.0, 1 << 16
        until_settled(self)
        self.queue.close()
        os.close(self.writing)
        if self._reader is not None:
            self._reader.join(60)
        os.close(self.reading)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def until_settled(pipe: Pipe) -> None:
    wait_until(lambda: pipe.queue._lines == 0)


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def wait_longer(monkeypatch: pytest.MonkeyPatch, *, flush: bool = False, stall: bool = False) -> None:
    """Move bounds of the end out of a test's way."""
    for name in ("FLUSH_S_MAX",) * flush + ("STALL_S_MAX",) * stall:
        monkeypatch.setattr(log_queue, name, 3_600.0)


def test_lines_come_out_whole_and_in_order(pipe: Pipe) -> None:
    """However long they are, and with a reader that takes its time."""
    said = [f"{number} {'x' * (number * 377 % 9_000)}" for number in range(60)]
    pipe.read(pause_s=0.001, size=1_000)
    pipe.put(*said)
    until_settled(pipe)
    wait_until(lambda: pipe.count == len(said))
    assert pipe.lines == said
    assert pipe.queue.dropped == 0


def test_nobody_waits_for_a_pipe_that_is_not_read(pipe: Pipe) -> None:
    """Ten times as many lines as the queue holds take no time; what does not fit is dropped and counted."""
    lines = LINES_MAX * 10
    pipe.put(*(f"line {number}" for number in range(lines)))  # who waited would wait for ever
    held = pipe.queue._lines
    assert held <= LINES_MAX
    assert pipe.queue.dropped >= lines - LINES_MAX - PIPE_BYTES
    pipe.read()
    until_settled(pipe)
    wait_until(lambda: pipe.lines[-1:] == [f"gap {pipe.queue.dropped}"])
    written = pipe.lines[:-1]
    assert written == [f"line {number}" for number in range(len(written))]
    assert len(written) + pipe.queue.dropped == lines


def test_the_gap_is_told_in_its_place(pipe: Pipe) -> None:
    """Between the last line before it and the first one after it, and once for all that was dropped."""
    pipe.put(*range(LINES_MAX * 2))
    dropped = pipe.queue.dropped
    assert dropped > LINES_MAX // 2
    pipe.read()
    until_settled(pipe)
    pipe.put("after")
    until_settled(pipe)
    wait_until(lambda: pipe.lines[-1:] == ["after"])
    last = LINES_MAX * 2 - dropped - 1
    assert pipe.lines[-3:] == [str(last), f"gap {dropped}", "after"]
    assert sum(line.startswith("gap") for line in pipe.lines) == 1
    assert pipe.queue.dropped == dropped


def test_the_queue_is_bounded_in_bytes_too(pipe: Pipe) -> None:
    """A thousand lines of 10 KiB are not kept; one that is longer than all of the queue never is."""
    for _ in range(1_000):
        pipe.put("x" * 10_000)
    assert pipe.queue._bytes <= BYTES_MAX
    pipe.read()
    until_settled(pipe)
    dropped = pipe.queue.dropped
    pipe.put("x" * BYTES_MAX)
    assert pipe.queue.dropped == dropped + 1
    pipe.put("after")
    until_settled(pipe)
    wait_until(lambda: pipe.lines[-1:] == ["after"])


def test_a_full_queue_takes_lines_again_when_half_of_it_is_free(pipe: Pipe) -> None:
    """A reader who is slower than the log gets stretches of it, not every other line."""
    numbers = count()
    pipe.read(pause_s=0.01, size=2_000)
    ends_at = time.monotonic() + 0.5
    while time.monotonic() < ends_at:
        pipe.put(*(next(numbers) for _ in range(500)))
        time.sleep(0.001)
    pipe.queue.close()
    gaps = [line for line in pipe.lines if line.startswith("gap")]
    assert len(gaps) < len(pipe.lines) / (LINES_MAX // 8)


def test_crash_reports_have_a_reserve(pipe: Pipe) -> None:
    """A queue that is full of other lines still takes some; then these are dropped, too."""
    pipe.put(*(f"{number:0200}" for number in range(LINES_MAX * 2)))
    dropped = pipe.queue.dropped
    pipe.put(*(f"crash {number}" for number in range(RESERVE_LINES // 2)), urgent=True)
    assert pipe.queue.dropped == dropped
    pipe.put(*(f"crash {number}" for number in range(RESERVE_LINES * 2)), urgent=True)
    assert pipe.queue.dropped > dropped
    pipe.read()
    until_settled(pipe)
    wait_until(lambda: "crash 0" in pipe.lines)
    assert pipe.lines[pipe.lines.index("crash 0") - 1] == f"gap {dropped}"


def test_the_end_waits_for_what_is_queued_while_it_flows(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow reader gets everything, to the last line."""
    wait_longer(monkeypatch, flush=True, stall=True)
    pipe.put(*(f"{number:0100}" for number in range(1_000)))
    pipe.read(pause_s=0.005, size=PIPE_BYTES)
    pipe.queue.close()
    wait_until(lambda: pipe.count == 1_000)
    assert pipe.queue.dropped == 0


def test_the_end_does_not_wait_for_a_pipe_that_is_not_read(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bound ends the wait, while the other is far away; a second end waits for nothing."""
    wait_longer(monkeypatch, flush=True)
    pipe.put(*range(LINES_MAX))
    assert seconds_of(pipe.queue.close) > STALL_S_MAX * 0.9
    wait_longer(monkeypatch, flush=True, stall=True)
    pipe.queue.close()


def test_the_end_does_not_wait_for_ever_for_one_that_drips(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes at a time are progress, and no reason to stay."""
    wait_longer(monkeypatch, stall=True)
    pipe.put(*(f"{number:0200}" for number in range(LINES_MAX)))
    pipe.read(pause_s=0.1, size=PIPE_BYTES)
    assert seconds_of(pipe.queue.close) > FLUSH_S_MAX * 0.9
    assert pipe.count < LINES_MAX // 2


def test_what_is_logged_after_the_end_is_written_at_once_or_not_at_all(pipe: Pipe) -> None:
    """By destructors that run at the very end, say: there is no thread any more, and nothing waits."""
    pipe.widen(1 << 16)
    pipe.put("before")
    pipe.queue.close()
    pipe.put("after")
    assert pipe.queue.dropped == 0
    while pipe.queue.dropped == 0:
        pipe.put("x" * 1_000)
    pipe.read()
    wait_until(lambda: pipe.lines[:2] == ["before", "after"])


def cpu_s_of_a_pause() -> float:
    began = time.process_time()
    time.sleep(0.3)
    return time.process_time() - began


def test_a_pipe_whose_other_end_is_gone_is_no_failure(pipe: Pipe) -> None:
    """EPIPE: nothing is raised, nothing is tried again and again, and all lines count as dropped."""
    os.close(pipe.reading)
    pipe.put(*range(100))
    until_settled(pipe)
    assert pipe.queue.dropped == 100
    assert cpu_s_of_a_pause() < 0.15
    pipe.reading = os.open(os.devnull, os.O_RDONLY)


def test_a_pipe_that_lost_lines_tells_of_it_when_it_flows_again() -> None:
    """Here a full disk that gets room again, by a descriptor that leads elsewhere."""
    full = os.open("/dev/full", os.O_WRONLY)
    queue = LogQueue(full, lambda lines: b"gap %d\n" % lines)
    for number in range(10):
        queue.put(b"%d\n" % number)
    wait_until(lambda: queue.dropped == 10)
    reading, writing = os.pipe()
    os.dup2(writing, full)
    queue.put(b"after\n")
    queue.close()
    for descriptor in (full, writing):
        os.close(descriptor)
    with os.fdopen(reading) as file:
        assert file.read() == "gap 10\nafter\n"


def test_a_closed_descriptor_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    for descriptor in (-1, writing):
        queue = LogQueue(descriptor, lambda lines: b"gap\n")
        for _ in range(10):
            queue.put(b"line\n")
        queue.close()
        queue.put(b"after the end\n")
        assert queue.dropped == 11


def test_a_pipe_that_does_not_wait_is_waited_for(pipe: Pipe) -> None:
    """Whoever shares a pipe may have set O_NONBLOCK on it: all lines are written all the same, and without a spin."""
    os.set_blocking(pipe.writing, False)
    pipe.put(*(f"{number:0100}" for number in range(1_000)))
    wait_until(lambda: pipe.queue._written > 0)
    assert cpu_s_of_a_pause() < 0.15
    pipe.read()
    until_settled(pipe)
    wait_until(lambda: pipe.count == 1_000)
    assert pipe.queue.dropped == 0


def test_lines_of_several_processes_do_not_mix() -> None:
    """What is written at once is whole lines, as many as a pipe keeps together."""
    sizes: list[int] = []
    reading, writing = os.pipe()
    queue = LogQueue(writing, lambda lines: b"gap\n")
    real = os.write

    def write(descriptor: int, data: memoryview) -> int:
        if descriptor == writing:
            sizes.append(len(data))
            assert bytes(data).endswith(b"\n")
        return real(descriptor, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", write)
        for _ in range(100):
            queue.put(b"x" * 500 + b"\n")
        queue.close()
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert len(file.read()) == 100 * 501
    assert max(sizes) <= WRITE_BYTES_MAX


def test_many_threads_and_destructors_may_log_at_once(pipe: Pipe) -> None:
    """The garbage collector runs a destructor that logs whenever it likes, in the middle of logging, too."""

    class Lost:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            pipe.put("lost")

    def log(name: str) -> None:
        for number in range(300):
            Lost()
            pipe.put(f"{name} {number}")

    thresholds = gc.get_threshold()
    gc.set_threshold(3)
    pipe.read()
    try:
        threads = [threading.Thread(target=log, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    finally:
        gc.set_threshold(*thresholds)
        gc.collect()
    until_settled(pipe)
    wait_until(lambda: pipe.count == 1_800)
    assert pipe.queue.dropped == 0
    for name in "abc":
        assert [line for line in pipe.lines if line[0] == name] == [f"{name} {number}" for number in range(300)]


FORKING: Final = """
import os, sys
from txn_core.logs import log_queue, telemetry
log_queue.FLUSH_S_MAX = log_queue.STALL_S_MAX = 60.0
telemetry.configure_logging("info", process="forking")
for number in range(3000):
    print("parent", number, file=sys.stderr)
child = os.fork()
for number in range(100):
    print("child" if child == 0 else "still", number, file=sys.stderr)
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_writes_its_own_lines_and_no_others() -> None:
    ended = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=60, check=True)
    lines = ended.stderr.splitlines()
    for name, lines_of in (("parent", 3_000), ("child", 100), ("still", 100)):
        assert [line for line in lines if line.startswith(name)] == [f"{name} {n}" for n in range(lines_of)]
    assert len(lines) == 3_200


SIGNALLED: Final = """
import os, signal, sys, threading, time
from txn_core.logs import log_queue
log_queue.FLUSH_S_MAX = log_queue.STALL_S_MAX = 60.0
queue = log_queue.LogQueue(2, lambda lines: b"gap\\n")
signals = []
def log(*_):
    signals.append(queue.put(b"signal\\n"))
signal.signal(signal.SIGUSR1, log)
ending = False
def send():
    while not ending:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.0002)
sender = threading.Thread(target=send)
sender.start()
for number in range(3000):
    queue.put(b"%d\\n" % number)
    while number % 100 == 0 and (queue._lines or 50 * len(signals) < number):
        time.sleep(0.001)
ending = True
sender.join()
queue.close()
print(len(signals), queue.dropped)
"""


def test_a_signal_s_handler_may_log_in_the_middle_of_logging() -> None:
    ended = subprocess.run([sys.executable, "-c", SIGNALLED], capture_output=True, text=True, timeout=60, check=True)
    signals, dropped = map(int, ended.stdout.split())
    lines = ended.stderr.splitlines()
    assert signals > 50  # the program sees to it
    assert (dropped, lines.count("signal")) == (0, signals)
    assert [line for line in lines if line != "signal"] == [str(number) for number in range(3_000)]


def test_whoever_is_about_to_be_frozen_waits_until_all_is_written(pipe: Pipe) -> None:
    """And no longer than a bound where nobody reads."""
    pipe.read()
    for number in range(100):
        pipe.put(number)
        pipe.queue.flush()
        assert pipe.queue._lines == 0
    wait_until(lambda: pipe.count == 100)


def test_a_pipe_that_is_not_read_holds_up_a_flush_for_a_moment_alone(pipe: Pipe) -> None:
    pipe.put(*range(LINES_MAX))
    assert seconds_of(pipe.queue.flush) >= STALL_S_MAX
    assert pipe.queue._lines > 0
