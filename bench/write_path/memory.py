"""The memory of the API's process (RSS) while one long upload streams through: bounded, and flat.

The lines are made while they are sent, each with an id of its own, so that the load holds nothing of them either.
Flat means that the second half of the upload needs next to nothing that the first half did not; the first tenth is
left out of both, since the process grows to its working size in it.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from itertools import count, cycle, islice
from typing import Final

from bench.process_stats import pinned, resident_bytes
from bench.write_path import servers
from bench.write_path.load.uploads import upload
from bench.write_path.results import Result, at_most, compared, tell
from bench.write_path.stage import Plan, Stage

SAMPLE_EVERY_S: Final = 1.0
SAMPLES_MIN: Final = 4
SAMPLES_SHOWN: Final = 20
WARM_UP: Final = 0.1
LINES_AT_ONCE: Final = 200  # that go into the socket together, about 150 KB
RESIDENT_MB_MAX: Final = 300
GROWTH_MAX: Final = 1.1
_ID: Final = re.compile(rb'("transaction_id": ?")[^"]*')


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """One upload, looked at every second."""
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        ended = threading.Event()
        resident_mb: list[float] = []
        watching = threading.Thread(target=_watch, args=(served.pid, ended, resident_mb))
        watching.start()
        try:
            accepted = upload(served, stage, pieces(stage.bodies(), plan.lines))
        finally:
            ended.set()
            watching.join()
    early, late = halves(resident_mb)
    course = " ".join(f"{mb:.0f}" for mb in resident_mb[:: max(1, len(resident_mb) // SAMPLES_SHOWN)])
    tell(f"memory: {accepted:,} lines in {len(resident_mb)} s; MB on the way: {course}")
    name = f"RSS MB of the API's process while {accepted:,} lines stream through, "
    return [
        compared(
            f"{name}maximum against {RESIDENT_MB_MAX}", [max(resident_mb)], [RESIDENT_MB_MAX], at_most(1), by="memory"
        ),
        compared(
            f"{name}maximum of the second half against the first's", [late], [early], at_most(GROWTH_MAX), by="memory"
        ),
    ]


def pieces(bodies: Sequence[bytes], lines: int) -> Iterator[bytes]:
    """So many lines, some at a time."""
    made = islice(never_again(bodies), lines)
    while piece := b"".join(body + b"\n" for body in islice(made, LINES_AT_ONCE)):
        yield piece


def never_again(bodies: Sequence[bytes]) -> Iterator[bytes]:
    """The bodies over and over, with ids that never come again."""
    templates = cycle([_ID.sub(rb"\1%032d", body.replace(b"%", b"%%")) for body in bodies])
    return map(bytes.__mod__, templates, count())


def halves(samples: Sequence[float]) -> tuple[float, float]:
    """The maximum of either half of the samples behind the warm-up.

    Raises:
        ValueError: there are too few samples to tell.
    """
    if len(samples) < SAMPLES_MIN:
        raise ValueError("the upload was too short to tell how memory moves: let it have more lines")
    settled = samples[max(1, int(len(samples) * WARM_UP)) :]
    middle = len(settled) // 2
    return max(settled[:middle]), max(settled[middle:])


def _watch(pid: int, ended: threading.Event, resident_mb: list[float]) -> None:
    while not ended.wait(SAMPLE_EVERY_S):
        resident_mb.append(resident_bytes(pid) / 1e6)
