"""The drains of a whole local stack under single posts: the rate that they keep up with, what a transaction waits
for, and how a backlog of the workers and an outage of the lake end.

Workers and lake are stopped by SIGSTOP: their connections stay open and nobody answers, which is harder on the others
than an end.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devkit.running_stack import RunningStack, percentiles, running_stack

from bench.drains.posting import Load, flat
from bench.drains.views import count_items, count_rows
from bench.drains.watching import Memory, Watched, lags
from bench.write_path.results import Result, at_least, at_most, compared, none_of, tell

RATE_FIRST: Final = 60.0
RATE_STEP: Final = 1.25
STEP_S: Final = 15.0
LATENCY_S: Final = 60.0
WARM_UP_S: Final = 5.0
CAUGHT_UP_S: Final = {"index": 2.0, "archive": 13.0}  # the archive flushes each 10 s
CATCH_UP_PART_MAX: Final = 2.0  # of the time that was missed: longer is no catching up
WORKERS: Final = ("index", "archive")


@dataclass(frozen=True, slots=True)
class _Sink:
    """What may be away: the server of it, the workers that need it, and how its rows and their ids are counted."""

    name: str
    server: str
    workers: Sequence[str]
    count: Callable[[RunningStack], Coroutine[None, None, tuple[int, int]]]


_LAKE: Final = _Sink("the lake", "s3", ("archive",), count_rows)
_TABLES: Final = _Sink("the index", "dynamodb", WORKERS, count_items)  # the leases of both are there, too


def measure(names: Sequence[str], *, rate: float | None, minutes: float) -> list[Result]:
    """What is asked for, on one stack; without a rate, L is looked for first."""
    found: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "data") as stack:
        load = Load(stack)
        highest = rate or highest_rate(stack, load)
        print(f"L, the highest rate of single posts at which lag stays flat: {highest:.0f}/s")
        measures: dict[str, Callable[[], list[Result]]] = {
            "latency": lambda: _latency(load, highest / 2),
            "backlog": lambda: _backlog(stack, load, highest / 4, minutes * 60),
            "sink": lambda: _sink(stack, load, highest / 4, minutes * 60, _LAKE),
            "tables": lambda: _sink(stack, load, highest / 4, minutes * 60, _TABLES),
        }
        for name in names:
            tell(f"measuring: {name}")
            stack.wait_caught_up()
            found += measures[name]()
    return found


def highest_rate(stack: RunningStack, load: Load) -> float:
    """The last of rising rates at which what is posted late in a step is visible as soon as what is posted early."""
    good, rate = 0.0, RATE_FIRST
    while True:
        run = asyncio.run(load.run(rate, STEP_S))
        tell(f"{rate:6.0f}/s: {run.refused} refused, visible after {percentiles(run.visible_s)[0]:.2f} s (median)")
        if run.refused or not flat(run.visible_s):
            break
        good, rate = rate, rate * RATE_STEP
    stack.wait_caught_up()
    if not good:
        raise RuntimeError(f"lag grows at {RATE_FIRST}/s already")
    return good


def _latency(load: Load, rate: float) -> list[Result]:
    run = asyncio.run(load.run(rate, LATENCY_S))
    p50, p99 = percentiles(run.visible_s)
    return [
        compared("202 to visible by GET at L/2, p50, s", [p50], [1.0], at_most(1)),
        compared("202 to visible by GET at L/2, p99, s", [p99], [1.0], at_most(3)),
        none_of("posts at L/2 that were not accepted", run.refused),
    ]


def _backlog(stack: RunningStack, load: Load, rate: float, seconds: float) -> list[Result]:
    """Load while the workers stand still, then on until they have caught up."""
    with _stopped(stack, WORKERS):
        missed = asyncio.run(load.run(rate, seconds, probing=False))
    caught_up = asyncio.run(_caught_up(stack, load, rate, seconds * CATCH_UP_PART_MAX))
    found = [none_of("posts of the backlog that were not accepted", missed.refused + caught_up.refused)]
    for kind, took_s in caught_up.seconds.items():
        drained = missed.accepted / took_s + rate
        name = f"{kind}: drains a backlog of {seconds:.0f} s at L/4, records/s against what arrives"
        found.append(compared(name, [drained], [rate], at_least(2.5)))
    return found + _flat_memory(caught_up.memory, "while it drains the backlog")


def _sink(stack: RunningStack, load: Load, rate: float, seconds: float, sink: _Sink) -> list[Result]:
    """Load while a sink does not answer, then until all is in it."""
    asyncio.run(load.run(rate, WARM_UP_S, probing=False))  # the API has seen the load's key by then
    with Memory(stack, sink.workers) as memory, _stopped(stack, (sink.server,)):
        run = asyncio.run(load.run(rate, seconds, probing=False))
    began = time.perf_counter()
    stack.wait_caught_up()
    tell(f"all had caught up {time.perf_counter() - began:.0f} s after {sink.server} was back")
    rows, distinct = asyncio.run(sink.count(stack))
    return [
        none_of(f"posts that were not accepted while {sink.name} was away for {seconds:.0f} s", run.refused),
        none_of(f"accepted and not in {sink.name} afterwards", load.accepted - distinct),
        none_of(f"rows too many in {sink.name} afterwards", rows - load.accepted),
        *_flat_memory(memory, f"while {sink.name} is away"),
    ]


def _flat_memory(memory: Memory, when: str) -> list[Result]:
    return [
        compared(
            f"{kind}: memory {when}, MB, its second half against its first",
            [late],
            [early],
            at_most(1.15),
            by="memory",
        )
        for kind, (early, late) in memory.halves_mb().items()
    ]


async def _caught_up(stack: RunningStack, load: Load, rate: float, seconds_max: float) -> Watched:
    """Go on posting until both workers have caught up; when each of them had."""
    loading = asyncio.create_task(load.run(rate, seconds_max, probing=False))
    took: dict[str, float] = {}
    began = time.perf_counter()
    with Memory(stack, WORKERS) as memory:
        while len(took) < len(WORKERS) and not loading.done():
            for kind, lag_s in (await lags(stack)).items():
                if lag_s <= CAUGHT_UP_S[kind]:
                    took.setdefault(kind, time.perf_counter() - began)
    load.stop()
    run = await loading
    late = time.perf_counter() - began
    return Watched({kind: took.get(kind, late) for kind in WORKERS}, run.refused, memory)


@contextmanager
def _stopped(stack: RunningStack, names: Sequence[str]) -> Iterator[None]:
    pids = [stack.ready["pids"][name] for name in names]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
