"""Measures what some bytes cost, as a multiple of what is due: the CPU time of the process, side by side."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.abuse.target import Target
from txn_core.startup import GARBAGE_OBJECTS_MAX

SAMPLE_S: Final = 2e-4  # one sample repeats short work for as long: a clock's steps and a first call weigh nothing
CALLS_MAX: Final = 64
QUICK_ROUNDS: Final = 2
SURE_ROUNDS: Final = 25


class CpuMeter:
    """The ratio of a candidate's cost to what is due, by the least of several samples of both, taken in turns."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def ratio(self, data: bytes, rounds: int) -> float:
        """How many times what is due some bytes cost. A busy machine only ever adds to a sample: the least counts."""
        pairs = [(self._sample(data), self._sample(self._target.reference)) for _ in range(rounds)]
        cost = min(of_data for of_data, _ in pairs)
        ordinary = min(of_reference for _, of_reference in pairs)
        return cost / (ordinary * self._target.due(data))

    def _sample(self, data: bytes) -> float:
        """CPU seconds of one run, the mean of as many as a sample has room for."""
        first = self._seconds(data, 1)
        if first >= SAMPLE_S:
            return first
        calls = min(CALLS_MAX, int(SAMPLE_S / first) + 1)
        return self._seconds(data, calls) / calls

    def _seconds(self, data: bytes, calls: int) -> float:
        run = self._target.run
        began = time.process_time_ns()
        for _ in range(calls):
            run(data)
        return max(time.process_time_ns() - began, 1) / 1e9


@contextmanager
def collecting_as_the_api() -> Iterator[None]:
    """The garbage collector set as in the API's process (`collector.freeze_startup_objects`), until the end."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS_MAX)
    try:
        yield
    finally:
        gc.set_threshold(*before)
