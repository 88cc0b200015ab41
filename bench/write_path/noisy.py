"""One noisy key: does a key that sends at four times its limit slow down the posts of another one?

A quiet key posts in an open loop at one process; beside it the noisy one does, or does not, to compare with. The
noisy key's surplus has to be answered 429, since what is taken of it would be paid for by the others. Warming up uses
up what the noisy key may send at once. Each run has an API of its own, so that none begins with what the last left.
"""

import asyncio
import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

import uvloop

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.open_loop import Answer, Pool, connected, fire, posts
from bench.write_path.percentiles import percentile
from bench.write_path.posts import CONNECTIONS
from bench.write_path.results import Result, at_most, compared, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage, bearing, new_key
from txn_core.limits import Limits

ROUNDS_MAX: Final = 5
WARM_UP_S: Final = 2
LEFT_OVER_S_MAX: Final = 12.0  # the API answers within 10 s
QUIET_PER_S: Final = 200
LIMIT_PER_S: Final = 500
NOISY_PER_S: Final = 4 * LIMIT_PER_S
TAKEN, REFUSED = 202, 429


@dataclass(frozen=True, slots=True)
class Run:
    """The answers to both keys within the measured seconds; none to the noisy one where it was silent."""

    quiet: Sequence[Answer]
    noisy: Sequence[Answer]

    @property
    def p99_s(self) -> float:
        """Of the quiet key's posts, from the moment at which each was due."""
        return percentile([answer.latency_s for answer in self.quiet], 99)

    def __str__(self) -> str:
        refused = sum(answer.status == REFUSED for answer in self.noisy)
        return f"p99 {self.p99_s * 1000:6.2f} ms, {refused:,} of the noisy key's {len(self.noisy):,} posts refused"


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Beside the noisy key and without it in turn."""
    noisy_headers = bearing(asyncio.run(new_key(Limits(writes_per_s=LIMIT_PER_S))))
    beside: list[Run] = []
    alone: list[Run] = []
    for number in range(min(plan.rounds, ROUNDS_MAX)):
        for runs, headers in ((alone, None), (beside, noisy_headers)):
            runs.append(_run(stage, headers, plan.seconds))
            tell(f"noisy round {number + 1} {'beside' if headers else 'alone':6} {runs[-1]}")
    return results(beside, alone, plan.seconds)


def results(beside: Sequence[Run], alone: Sequence[Run], seconds: float) -> list[Result]:
    """What the rounds come to."""
    noisy = [answer.status for run in beside for answer in run.noisy]
    # What was due last may be taken a little later than the measured seconds: a second's worth is left for that.
    allowed = LIMIT_PER_S * (seconds + 1) * len(beside)
    return [
        compared(
            f"p99 seconds of a key's posts beside one that sends {NOISY_PER_S:,}/s at a limit of {LIMIT_PER_S}, "
            f"against alone (open loop, {QUIET_PER_S}/s, from the intended time)",
            [run.p99_s for run in beside],
            [run.p99_s for run in alone],
            at_most(1.5),
        ),
        none_of(
            "failed posts of the quiet key",
            sum(answer.status != TAKEN for run in (*beside, *alone) for answer in run.quiet),
        ),
        none_of("posts of the noisy key taken beyond its limit", max(0, int(noisy.count(TAKEN) - allowed))),
        none_of(
            "posts of the noisy key answered with neither 202 nor 429",
            sum(status not in {TAKEN, REFUSED} for status in noisy),
        ),
    ]


def _run(stage: Stage, noisy_headers: Mapping[str, str] | None, seconds: int) -> Run:
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        url, bodies = served.base + "/transactions", stage.bodies()
        quiet = list(posts(url, stage.headers, bodies))
        noisy = [] if noisy_headers is None else list(posts(url, dict(noisy_headers), bodies))
        gc.collect()
        gc.disable()  # a pause of the load would count as one of the API
        try:
            return uvloop.run(_answers(served, quiet, noisy, seconds))
        finally:
            gc.enable()


async def _answers(served: Served, quiet: Sequence[bytes], noisy: Sequence[bytes], seconds: int) -> Run:
    async with connected(served.base, CONNECTIONS) as heard, connected(served.base, CONNECTIONS) as noise:
        await _fire(heard, quiet, noise, noisy, WARM_UP_S)
        for pool in (heard, noise):
            pool.take()
        await _fire(heard, quiet, noise, noisy, seconds)
        tell(f"noisy: the load itself late by {max(heard.late_s_max, noise.late_s_max) * 1000:.1f} ms at most")
        return Run(heard.take(), noise.take())


async def _fire(heard: Pool, quiet: Sequence[bytes], noise: Pool, noisy: Sequence[bytes], seconds: float) -> None:
    """Both at their rates, and all of it answered; a key without requests is silent."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_all_answered(heard, quiet, QUIET_PER_S, seconds))
        if noisy:
            group.create_task(_all_answered(noise, noisy, NOISY_PER_S, seconds))


async def _all_answered(pool: Pool, requests: Sequence[bytes], rate_per_s: float, seconds: float) -> None:
    await fire(((pool, request) for request in cycle(requests)), rate_per_s=rate_per_s, seconds=seconds)
    async with asyncio.timeout(LEFT_OVER_S_MAX):
        await pool.settled.wait()
