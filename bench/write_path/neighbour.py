"""One bad neighbour: does a shard that is throttled hard slow down the posts that are bound for the others?

An illustration: the ratio depends on the machine, and has no bar. `bench.counted.shards` asks the same in virtual
time.

The API takes half of the rate that it was just seen to take at most, in an open loop. Two seconds in, one of the
four shards is throttled, and measuring begins, so that the producer's learning of it is part of what is measured;
or it is not, to compare with. Each run has an API of its own, so that none begins with what the last one left.
"""

import asyncio
import gc
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Final

import uvloop
from devkit.kinesis_server.steering.orders import Orders, ThrottleOrder

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.kinesis_control import NO_ORDERS, control
from bench.write_path.load.open_loop import HttpReply, connected, fire, posts
from bench.write_path.percentiles import percentile
from bench.write_path.posts import CONNECTIONS, maximum_per_s
from bench.write_path.results import Result, medians, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage
from txn_core.aws.clients import Aws
from txn_core.kinesis.shard_map import ShardMap
from txn_core.settings import Settings
from txn_core.transactions.identity import KeyRing
from txn_core.transactions.transaction import parse_transaction

ROUNDS_MAX: Final = 5
CONNECTIONS_THROTTLED: Final = 2_000  # those of the throttled shard may wait long, and are not to hold up the rest
WARM_UP_S: Final = 2
THROTTLED_TO: Final = 0.02  # of what a shard takes on AWS
LEFT_OVER_S_MAX: Final = 12.0  # the API answers within 10 s
THROTTLED_SHARD: Final = "shardId-000000000003"
THROTTLE: Final = Orders(throttle={THROTTLED_SHARD: ThrottleOrder(writes=THROTTLED_TO)})
RELEASE: Final = Orders(release=[THROTTLED_SHARD])


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """With and without the throttle in turn."""
    shards = asyncio.run(_shards(stage.bodies()))
    rate_per_s = _maximum_per_s(stage, plan) / 2
    p99_s: dict[bool, list[float]] = {True: [], False: []}
    failures = 0
    for number in range(min(plan.rounds, ROUNDS_MAX)):
        for throttled in (False, True):
            answers = _run(stage, shards, rate_per_s, plan.seconds, throttled=throttled)
            latencies = [answer.latency_s for answer in answers]
            p99_s[throttled].append(percentile(latencies, 99))
            failures += sum(answer.status != 202 for answer in answers)
            tell(
                f"neighbour round {number + 1} {'throttled' if throttled else 'free':9} "
                f"p50 {percentile(latencies, 50) * 1000:6.1f} ms, p99 {p99_s[throttled][-1] * 1000:6.1f} ms"
            )
    return [
        medians(
            f"p99 seconds of posts for three shards, the fourth throttled to {THROTTLED_TO:.0%}, against none "
            f"throttled (open loop, {rate_per_s:,.0f}/s, from the intended time)",
            p99_s[True],
            p99_s[False],
            None,
        ),
        none_of("failed posts for the three shards", failures),
    ]


async def _shards(bodies: Sequence[bytes]) -> list[str]:
    """The shard that each body's card is bound for."""
    settings = Settings.from_environment()
    keys = KeyRing.from_settings(settings)
    async with Aws(settings).kinesis() as client:
        shard_map = await ShardMap.load(client, settings.stream)
    return [shard_map.shard_of(keys.card_id(parse_transaction(body).card_number)).shard_id for body in bodies]


def _maximum_per_s(stage: Stage, plan: Plan) -> float:
    with servers.api(stage.environment) as served:
        return maximum_per_s(served, stage, plan)


def _run(
    stage: Stage, shards: Sequence[str], rate_per_s: float, seconds: int, *, throttled: bool
) -> Sequence[HttpReply]:
    """The answers to the posts that were bound for the shards that are never throttled."""
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        requests = posts(served.base + "/transactions", stage.headers, stage.bodies())
        shots = list(zip((shard == THROTTLED_SHARD for shard in shards), requests, strict=True))
        begin = partial(control, stage.kinesis_url, THROTTLE if throttled else NO_ORDERS)
        gc.collect()
        gc.disable()  # a pause of the load would count as one of the API
        try:
            return uvloop.run(_answers(served, shots, rate_per_s, seconds, begin))
        finally:
            gc.enable()
            control(stage.kinesis_url, RELEASE)  # before the API drains


async def _answers(
    served: Served,
    shots: Sequence[tuple[bool, bytes]],
    rate_per_s: float,
    seconds: int,
    begin: Callable[[], object],
) -> Sequence[HttpReply]:
    async with connected(served.base, CONNECTIONS) as others, connected(served.base, CONNECTIONS_THROTTLED) as bad:
        aimed = cycle([(bad if throttled else others, request) for throttled, request in shots])
        await fire(aimed, rate_per_s=rate_per_s, seconds=WARM_UP_S)
        await asyncio.to_thread(begin)
        for pool in (others, bad):
            pool.take()
        await fire(aimed, rate_per_s=rate_per_s, seconds=seconds)
        async with asyncio.timeout(LEFT_OVER_S_MAX):
            await others.settled.wait()
        refused = sum(answer.status != 202 for answer in bad.take())
        tell(
            f"neighbour: of the fourth shard {refused:,} posts refused, {bad.under_way:,} not answered yet; "
            f"the load itself late by {others.late_s_max * 1000:.1f} ms at most"
        )
        return others.take()
