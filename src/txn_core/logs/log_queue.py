"""Lines on their way to standard error: whoever logs never waits for whoever reads.

A pipe that nobody reads holds 64 KiB; the next write to it waits, and an event loop that waits answers nobody. So
lines go into a queue with bounds, and a thread writes them in their order. When the queue is full, lines are dropped
and counted until half of it is free, and a line says how many were dropped in that place. Lines of the highest level,
which report crashes, have a reserve, and so has what is printed.

Logging may happen anywhere: in several threads, in a signal's handler, and in a destructor that the garbage collector
runs in the middle of `put`. `SimpleQueue.put` and `RLock` are made for that. `queue.Queue`, which a `QueueHandler`
with a bound would need, waits then for a lock that its own thread holds.
"""

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Final

LINES_MAX: Final = 4_096
BYTES_MAX: Final = 1 << 20
RESERVE_LINES: Final = 64
RESERVE_BYTES: Final = 64 << 10
WRITE_BYTES_MAX: Final = select.PIPE_BUF
"""A write of so many bytes to a pipe is whole: lines of several processes do not mix within it (pipe(7))."""
FLUSH_S_MAX: Final = 1.5
"""How long the end of the process waits for what is still queued; less than a supervisor's patience."""
STALL_S_MAX: Final = 0.5
"""How long it waits while nothing is written at all: nobody reads then."""
_FLUSH_LOOKS_EVERY_S: Final = 0.002
_LOOKS_EVERY_S: Final = 0.02

_Entry = tuple[bytes, int]
"""A line, and how many lines were dropped right before it."""


class LogQueue:
    """The lines of one process for one file descriptor. Only `close` and `flush` wait, a little; nothing raises."""

    def __init__(self, descriptor: int, gap_line: Callable[[int], bytes]) -> None:
        """Write to the descriptor; `gap_line` words what is said of so many dropped lines."""
        self._descriptor, self._gap_line = descriptor, gap_line
        self.begin()

    def begin(self) -> None:
        """Begin with nothing, also in a forked child: it has no thread, and what was queued is its parent's."""
        self._lock = threading.RLock()
        self._queue: SimpleQueue[_Entry | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._is_begun = self._is_closed = self._is_full = False
        self._lines = self._bytes = self._gap = 0
        self._written = 0  # so that the end can see whether writing makes progress
        self.dropped = 0
        """Lines that were not written, since the process began."""

    def put(self, line: bytes, *, urgent: bool = False) -> bool:
        """Queue a line, or drop and count it, and say which; `urgent` ones may use the reserve."""
        with self._lock:
            if self._is_closed and not self._thread.is_alive():
                # A pipe that can be written takes a page; more of a line would wait for a reader.
                is_taken = len(line) <= WRITE_BYTES_MAX and self._is_writable() and self._write(line)
            else:
                is_taken = self._has_room(len(line), urgent=urgent) and self._is_served()
                if is_taken:
                    self._lines += 1
                    self._bytes += len(line)
                    gap, self._gap = self._gap, 0
                    self._queue.put((line, gap))
            if not is_taken:
                self.dropped += 1
                self._gap += 1
            return is_taken

    def _has_room(self, size: int, *, urgent: bool) -> bool:
        lines, held = self._lines + 1, self._bytes + size
        if self._is_full:
            self._is_full = lines > LINES_MAX // 2 or held > BYTES_MAX // 2
        self._is_full = self._is_full or lines > LINES_MAX or held > BYTES_MAX
        if urgent:
            return lines <= LINES_MAX + RESERVE_LINES and held <= BYTES_MAX + RESERVE_BYTES
        return not self._is_full

    def _is_served(self) -> bool:
        """Whether a thread writes what is queued; it begins with the first line."""
        if not self._is_begun:
            self._is_begun = True
            try:
                self._thread.start()
            except RuntimeError:  # the system has no room for another thread
                self._is_begun = False
        return self._is_begun

    def flush(self) -> None:
        """Wait until what is queued is written, but not for long."""
        ends_at = time.monotonic() + STALL_S_MAX
        while self._lines and self._thread.is_alive() and time.monotonic() < ends_at:
            time.sleep(_FLUSH_LOOKS_EVERY_S)

    def close(self) -> None:
        """Wait until what is queued is written, but not for long, and not for a pipe that nobody reads."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._queue.put(None)
        ends_at = time.monotonic() + FLUSH_S_MAX
        written, stalls_at = self._written, time.monotonic() + STALL_S_MAX
        while self._thread.is_alive() and (now := time.monotonic()) < min(ends_at, stalls_at):
            self._thread.join(_LOOKS_EVERY_S)
            if written != self._written:
                written, stalls_at = self._written, now + STALL_S_MAX

    def _write_all(self) -> None:
        """Write until the end: the thread's work."""
        for entries in self._batches():
            gap = entries[0][1]
            is_told = gap == 0 or self._write(self._gap_line(gap))
            is_written = is_told and self._write(b"".join(line for line, _ in entries))
            self._settle(entries, is_written=is_written, gap=0 if is_told else gap)
            if is_written:
                self._tell_of_gap()

    def _batches(self) -> Iterator[list[_Entry]]:
        """What is queued, as much as one write may hold. A gap begins a batch; a line that is longer is alone."""
        batch: list[_Entry] = []
        size, is_ending = 0, False
        while True:
            try:
                entry = self._queue.get(block=not batch and not is_ending)
            except Empty:
                if batch:
                    yield batch
                    batch, size = [], 0
                    continue
                return
            if entry is None:
                is_ending = True
                continue
            if batch and (entry[1] or size + len(entry[0]) > WRITE_BYTES_MAX):
                yield batch
                batch, size = [], 0
            batch.append(entry)
            size += len(entry[0])

    def _settle(self, entries: list[_Entry], *, is_written: bool, gap: int) -> None:
        """Make room; count the lines that could not be written: the other end is gone, the descriptor closed.

        `gap` is how many lines before them are missing and were not told of.
        """
        with self._lock:
            self._lines -= len(entries)
            self._bytes -= sum(len(line) for line, _ in entries)
            if not is_written:
                self.dropped += len(entries)
                self._gap += len(entries) + gap

    def _tell_of_gap(self) -> None:
        """Say of lines that were dropped after the last one, once that is written."""
        with self._lock:
            if self._lines:
                return
            gap, self._gap = self._gap, 0
        if gap and not self._write(self._gap_line(gap)):
            with self._lock:
                self._gap += gap

    def _write(self, data: bytes) -> bool:
        """Write all of it, however long that takes; false when it cannot be written."""
        rest = memoryview(data)
        while rest:
            try:
                written = os.write(self._descriptor, rest)
            except BlockingIOError:  # somebody who shares the pipe made it so
                self._is_writable(wait_ms=None)
                continue
            except OSError:
                return False
            rest = rest[written:]
            self._written += written
        return True

    def _is_writable(self, wait_ms: int | None = 0) -> bool:
        """Whether a short line can be written, or refused, at once or after so long; None waits until it can."""
        if self._descriptor < 0:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(wait_ms))
