"""Half of the maximum for a long time: is the last part like the first, in memory, latency and CPU?

An open loop of single posts with ids that never come again, looked at once a minute. The first minute is left out:
the process grows to its working size in it.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import uvloop

from bench.process_stats import cpu_s, pinned, resident_bytes
from bench.write_path import servers
from bench.write_path.load.open_loop import Pool, connected, fire, posts
from bench.write_path.memory import never_again
from bench.write_path.percentiles import percentile
from bench.write_path.posts import CONNECTIONS, maximum_per_s
from bench.write_path.results import By, Result, at_most, compared, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage

MINUTE_S: Final = 60.0
MINUTES_MIN: Final = 4
PARTS: Final = 3
DRIFT_MAX: Final = 1.1
LATENCY_DRIFT_MAX: Final = 1.25  # of a 99th percentile on a machine that others use, too


@dataclass(frozen=True, slots=True)
class Minute:
    """What a minute came to."""

    posts: int
    failures: int
    p50_s: float
    p99_s: float
    resident_mb: float
    cpu_us: float  # of the API's process, a post

    def __str__(self) -> str:
        return (
            f"{self.posts:,} posts, {self.failures} failed, p50 {self.p50_s * 1000:.1f} ms, "
            f"p99 {self.p99_s * 1000:.1f} ms, {self.resident_mb:.1f} MB, {self.cpu_us:.0f} us CPU a post"
        )


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """One API, posts at an even rate, the last third of the minutes against the first."""
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        rate_per_s = maximum_per_s(served, stage, plan) / 2
        minutes = uvloop.run(_minutes(served, stage, rate_per_s, plan.minutes))
    first, last = ends(minutes)
    name = f"soak of {plan.minutes} minutes at {rate_per_s:,.0f} posts/s, the last third against the first: "

    def drift(what: str, of: str, bar: float, by: By) -> Result:
        early, late = (statistics.median(getattr(minute, of) for minute in part) for part in (first, last))
        return compared(name + what, [late], [early], at_most(bar), by=by)

    return [
        drift("RSS MB of the API's process", "resident_mb", DRIFT_MAX, "memory"),
        drift("CPU microseconds a post", "cpu_us", DRIFT_MAX, "CPU"),
        drift("p50 seconds", "p50_s", LATENCY_DRIFT_MAX, "clock"),
        drift("p99 seconds", "p99_s", LATENCY_DRIFT_MAX, "clock"),
        none_of(f"failed posts of {sum(minute.posts for minute in minutes):,}", sum(m.failures for m in minutes)),
    ]


def ends(minutes: Sequence[Minute]) -> tuple[Sequence[Minute], Sequence[Minute]]:
    """The first and the last third of the minutes behind the first one.

    Raises:
        ValueError: there are too few to tell.
    """
    if len(minutes) < MINUTES_MIN:
        raise ValueError(f"a soak takes {MINUTES_MIN} minutes at least")
    settled = minutes[1:]
    third = len(settled) // PARTS
    return settled[:third], settled[-third:]


async def _minutes(served: Served, stage: Stage, rate_per_s: float, count: int) -> list[Minute]:
    requests = posts(served.base + "/transactions", stage.headers, never_again(stage.bodies()))
    found: list[Minute] = []
    async with connected(served.base, CONNECTIONS) as pool:
        for number in range(1, count + 1):
            found.append(await _minute(served, pool, requests, rate_per_s))
            tell(f"soak minute {number}: {found[-1]}")
    return found


async def _minute(served: Served, pool: Pool, requests: Iterator[bytes], rate_per_s: float) -> Minute:
    before_s = cpu_s(served.pid)
    await fire(((pool, request) for request in requests), rate_per_s=rate_per_s, seconds=MINUTE_S)
    await pool.settled.wait()
    answers = pool.take()
    latencies = [answer.latency_s for answer in answers]
    return Minute(
        posts=len(answers),
        failures=sum(answer.status != 202 for answer in answers),
        p50_s=percentile(latencies, 50),
        p99_s=percentile(latencies, 99),
        resident_mb=resident_bytes(served.pid) / 1e6,
        cpu_us=(cpu_s(served.pid) - before_s) / len(answers) * 1e6,
    )
