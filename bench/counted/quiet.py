"""A quiet key's posts beside a neighbour: an open loop, of whose posts each is watched."""

import asyncio
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

from bench.counted.client import Client, HttpReply
from bench.counted.loop import CountingLoop, run
from bench.counted.neighbours import Neighbour
from bench.counted.site import Site, site
from bench.counted.watch import Journey, Moment
from bench.counted.work import Work
from bench.write_path.load.bodies import bodies
from bench.write_path.percentiles import percentile
from txn_core.quotas import UNLIMITED

QUIET_PER_S: Final = 200
CONNECTIONS: Final = 16  # at first; more are made when all of them wait
LEFT_OVER_S: Final = 12.0  # the API answers within 10 s
BODIES: Final = 1_000
QUIET_SEED, OTHERS_SEED = 3, 4  # other cards and ids


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of all quiet posts of a run, and how long the longest turn of the loop was."""

    journeys: Sequence[Journey]
    calls_a_turn_max: int

    def most(self, way: Callable[[Journey], Moment]) -> Moment:
        """The most of each figure that any of them had on a part of its way."""
        return Moment._make(map(max, zip(*map(way, self.journeys), strict=True)))

    def calls_on_average(self, way: Callable[[Journey], Moment]) -> float:
        """The calls that a part of their way took."""
        return statistics.fmean(way(journey).calls for journey in self.journeys)

    def latency_s(self, percent: float) -> float:
        """A percentile of the time from first byte to answer, on the loop's clock."""
        return percentile([journey.whole.seconds for journey in self.journeys], percent)


def way_in(journey: Journey) -> Moment:
    """From the first byte to the producer."""
    return journey.way_in


def way_out(journey: Journey) -> Moment:
    """From the call's answer to ours."""
    return journey.way_out


def beside(
    neighbour: Neighbour | None,
    *,
    seconds: float,
    seed: int = 1,
    aws_limits: bool = False,
    work: Work | None = None,
) -> Ways:
    """The ways of a quiet key's posts in so many seconds beside a neighbour, or alone.

    With `aws_limits` the shards take what Kinesis allows, and throttle the rest. `work` counts calls unless given.
    """
    random.seed(seed)  # the producer's pauses are jittered

    async def watched(loop: CountingLoop) -> Ways:
        async with site(loop, key_requests_max=0) as stage:
            stage.stream.has_limits = aws_limits
            return await _ways(stage, neighbour, seconds, random.Random(seed))

    return run(watched, work)


@dataclass(slots=True)
class _Quiet:
    """The key, its connections that wait for no answer, and how many do."""

    site: Site
    key: str
    idle: list[Client]
    under_way: int = 0

    def post(self, number: int) -> None:
        """Post a body now."""
        body = some_bodies(QUIET_SEED)[number % BODIES]
        client = self.idle.pop(0) if self.idle else self.site.client(self.key)
        self.under_way += 1
        mark = mark_of(body)
        client.on_answer = partial(self._answered, client, mark)
        self.site.watch.begin(mark)
        client.send(client.post(body))

    def _answered(self, client: Client, mark: bytes, answer: HttpReply) -> None:
        if answer.status != 202:
            raise RuntimeError(f"a quiet post was answered {answer.status}: {answer.body!r}")
        self.site.watch.end(mark)
        self.under_way -= 1
        self.idle.append(client)


async def _ways(stage: Site, neighbour: Neighbour | None, seconds: float, rng: random.Random) -> Ways:
    quiet, loop = await _connected(stage), stage.loop
    stage.watch.others = () if neighbour is None else await neighbour.prepare(stage, some_bodies(OTHERS_SEED))
    due = loop.time()
    ends, number = due + seconds, 0
    with loop.work.counted():
        if neighbour is not None:
            loop.work.aside(neighbour.start)
        while (due := due + rng.expovariate(QUIET_PER_S)) < ends:
            loop.call_at(due, loop.work.aside, quiet.post, number)
            number += 1
        await asyncio.sleep(seconds)
        if neighbour is not None:
            loop.work.aside(neighbour.stop)
        async with asyncio.timeout(LEFT_OVER_S):
            while quiet.under_way:  # noqa: ASYNC110 - what is waited for knows no events
                await asyncio.sleep(0.001)
    return Ways([*stage.watch.journeys.values()], loop.calls_a_turn_max)


async def _connected(stage: Site) -> _Quiet:
    """Connections on which something was answered already."""
    key = await stage.key(limits=UNLIMITED)
    clients: list[Client] = [stage.client(key) for _ in range(CONNECTIONS)]
    for client in clients:
        await client.ask(client.post(some_bodies(QUIET_SEED)[-1]))
    return _Quiet(stage, key, clients)


@cache
def some_bodies(seed: int) -> Sequence[bytes]:
    """Usual bodies, the same for a seed."""
    return tuple(bodies(BODIES, seed=seed))


def mark_of(body: bytes) -> bytes:
    """What a body is known by in its event: its transaction's id."""
    return body.partition(b'"transaction_id":"')[2].partition(b'"')[0]
