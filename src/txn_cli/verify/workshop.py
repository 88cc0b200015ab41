"""Work on batches, by this process while there is little of it, and by processes beside it when there is much.

The processes end with this one, however it ends. Results come in the order of the batches.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import get_context
from typing import Final, TypeVar

from txn_core.exceptions import TxnError
from txn_server.processes.tether import tether

T = TypeVar("T")
R = TypeVar("R")

PROCESSES_MAX: Final = 4
EFFORT_ALONE: Final = 20_000  # rows that take this process less time than others take to start
BATCHES_AHEAD: Final = 2  # for each process: one that it works on, one that is ready for it


class Workshop(ExitStack):
    """A context in which batches are worked on."""

    def __init__(self, effort_alone: int = EFFORT_ALONE, processes_max: int = PROCESSES_MAX) -> None:
        """Take how much effort this process makes before it calls for others, and how many those may be."""
        super().__init__()
        self._left = effort_alone
        self._processes = min(processes_max, os.cpu_count() or 1)
        self._pool: ProcessPoolExecutor | None = None
        self._may_call = True

    async def each(
        self, work: Callable[[T], R], batches: AsyncIterator[T], *, effort: Callable[[T], int]
    ) -> AsyncIterator[R]:
        """The result of the work on each batch; function and batches must be picklable.

        Raises:
            TxnError: a process ended.
        """
        ahead: deque[Future[R]] = deque()
        try:
            async for batch in batches:
                pool = self._started() if self._left <= 0 else None
                if pool is None:
                    self._left -= effort(batch)
                    yield work(batch)
                    await asyncio.sleep(0)  # working waits for nothing: this is where an interruption comes through
                    continue
                if len(ahead) == BATCHES_AHEAD * self._processes:
                    yield await asyncio.wrap_future(ahead.popleft())
                ahead.append(pool.submit(work, batch))
            while ahead:
                yield await asyncio.wrap_future(ahead.popleft())
        except BrokenProcessPool:
            raise TxnError(
                "a process that worked beside this one was ended, perhaps for want of memory; start the command again"
            ) from None

    def _started(self) -> ProcessPoolExecutor | None:
        """The other processes, or None where there can be none: without shared memory, as in some containers."""
        if self._pool is None and self._may_call:
            try:
                # Not by fork: this process has connections, and Arrow threads.
                self._pool = ProcessPoolExecutor(
                    self._processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(os.getpid(),)
                )
                self.callback(self._pool.shutdown, cancel_futures=True)
            except (ImportError, NotImplementedError, OSError):
                self._may_call = False
        return self._pool


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells all its processes; the parent ends this one
    tether(parent)
