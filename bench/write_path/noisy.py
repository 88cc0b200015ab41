"""One noisy key: does a key that sends at four times its limit slow down the posts of another one?

An illustration: the ratios are those of the machine, and have no bar. `bench.counted.keys` counts the same.

A quiet key posts in an open loop at one process: alone, beside a key that sends as much as its limit allows, and
beside one that sends four times that. The first comparison has the price of the other key's taken posts in it, which
is what a limit is there to grant; the second has only the cost of its surplus, which has to be answered 429. Warming
up uses up what the noisy key may send at once. Each run has an API of its own, so that none begins with what the last
left.
"""

import asyncio
import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import uvloop

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.load.open_loop import HttpReply, Pool, connected, fire, posts
from bench.write_path.percentiles import percentile
from bench.write_path.posts import CONNECTIONS
from bench.write_path.results import Result, medians, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage, bearing
from txn_core.quotas import Limits

ROUNDS_MAX: Final = 5
WARM_UP_S: Final = 2
LEFT_OVER_S_MAX: Final = 12.0  # the API answers within 10 s
QUIET_PER_S: Final = 200
LIMIT_PER_S: Final = 500
NOISY_PER_S: Final = 4 * LIMIT_PER_S
TAKEN, REFUSED = 202, 429


@dataclass(frozen=True, slots=True)
class NoisyRun:
    """The answers to both keys within the measured seconds; none to the noisy one where it was silent."""

    quiet: Sequence[HttpReply]
    noisy: Sequence[HttpReply]

    @property
    def p99_s(self) -> float:
        """Of the quiet key's posts, from the moment at which each was due."""
        return percentile([answer.latency_s for answer in self.quiet], 99)

    def __str__(self) -> str:
        refused = sum(answer.status == REFUSED for answer in self.noisy)
        return f"p99 {self.p99_s * 1000:6.2f} ms, {refused:,} of the noisy key's {len(self.noisy):,} posts refused"


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """With each neighbour in turn."""
    limited = bearing(asyncio.run(stage.site.api_key(Limits(writes_per_s=LIMIT_PER_S))))
    runs: dict[float, list[NoisyRun]] = {0: [], LIMIT_PER_S: [], NOISY_PER_S: []}
    for number in range(min(plan.rounds, ROUNDS_MAX)):
        for neighbour_per_s, so_far in runs.items():
            so_far.append(_run(stage, limited, neighbour_per_s, plan.seconds))
            tell(f"noisy round {number + 1} beside {neighbour_per_s:5,}/s {so_far[-1]}")
    return results(runs[NOISY_PER_S], runs[LIMIT_PER_S], runs[0], plan.seconds)


def results(
    beside: Sequence[NoisyRun], orderly: Sequence[NoisyRun], alone: Sequence[NoisyRun], seconds: float
) -> list[Result]:
    """What the rounds come to."""
    noisy = [answer.status for run in beside for answer in run.noisy]
    # What was due last may be taken a little later than the measured seconds: a second's worth is left for that.
    allowed = LIMIT_PER_S * (seconds + 1) * len(beside)
    return [
        *(
            medians(
                f"p99 seconds of a key's {QUIET_PER_S} posts/s beside one that sends {NOISY_PER_S:,}/s at a limit of "
                f"{LIMIT_PER_S}, against {other} (open loop, from the intended time)",
                [run.p99_s for run in beside],
                [run.p99_s for run in peers],
                None,
            )
            for other, peers in (("beside one that keeps to it", orderly), ("alone", alone))
        ),
        none_of(
            "failed posts of the quiet key",
            sum(answer.status != TAKEN for run in (*beside, *orderly, *alone) for answer in run.quiet),
        ),
        none_of("posts of the noisy key taken beyond its limit", max(0, int(noisy.count(TAKEN) - allowed))),
        none_of(
            "posts of the noisy key answered with neither 202 nor 429",
            sum(status not in {TAKEN, REFUSED} for status in noisy),
        ),
    ]


def _run(stage: Stage, neighbour: Mapping[str, str], neighbour_per_s: float, seconds: int) -> NoisyRun:
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        url, bodies = served.base + "/transactions", stage.bodies()
        quiet = list(posts(url, stage.headers, bodies))
        noise = list(posts(url, dict(neighbour), bodies))
        gc.collect()
        gc.disable()  # a pause of the load would count as one of the API
        try:
            return uvloop.run(_answers(served, quiet, noise, neighbour_per_s, seconds))
        finally:
            gc.enable()


async def _answers(
    served: Served, quiet: Sequence[bytes], noise: Sequence[bytes], neighbour_per_s: float, seconds: int
) -> NoisyRun:
    async with connected(served.base, CONNECTIONS) as heard, connected(served.base, CONNECTIONS) as noisy:
        both = ((heard, quiet, QUIET_PER_S), (noisy, noise, neighbour_per_s))
        await _fire(both, WARM_UP_S)
        for pool in (heard, noisy):
            pool.take()
        await _fire(both, seconds)
        tell(f"noisy: the load itself late by {max(heard.late_s_max, noisy.late_s_max) * 1000:.1f} ms at most")
        return NoisyRun(heard.take(), noisy.take())


async def _fire(loads: Iterable[tuple[Pool, Sequence[bytes], float]], seconds: float) -> None:
    """Each load at its rate, and all of it answered; one without a rate is silent."""
    async with asyncio.TaskGroup() as group:
        for pool, requests, rate_per_s in loads:
            if rate_per_s:
                group.create_task(_all_answered(pool, requests, rate_per_s, seconds))


async def _all_answered(pool: Pool, requests: Sequence[bytes], rate_per_s: float, seconds: float) -> None:
    await fire(((pool, request) for request in cycle(requests)), rate_per_s=rate_per_s, seconds=seconds)
    async with asyncio.timeout(LEFT_OVER_S_MAX):
        await pool.settled.wait()
