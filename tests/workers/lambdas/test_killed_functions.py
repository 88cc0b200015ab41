"""The index under an event source mapping, whatever becomes of its invocations, ends as the leased worker's index.

Through the runtime client of Lambda (`awslambdaric`), in processes. LAMBDA_SEEDS names the seeds, as `0-29`
(`make lambda-seeds SEEDS=30`). `make test` has three short ones.
"""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from devkit.lambda_runtime import LambdaFunction

from tests.workers.builders import event, later, shard, twin
from tests.workers.conftest import StackFixture, world_of
from tests.workers.hosts.test_unleased import beside
from tests.workers.lambdas.event_source import EventSource, Item, items_of
from tests.workers.lambdas.small_batches import PRELOADED, checkpoint_often
from tests.workers.lambdas.variables import variables_of
from tests.workers.test_further_drain import reconciled
from txn_core.drains import INDEX as INDEX_DRAIN
from txn_core.settings import Settings

pytest.importorskip("awslambdaric", reason="the extra `lambda` is not installed")

IS_SHORT: Final = "LAMBDA_SEEDS" not in os.environ
_ENDS: Final = os.environ.get("LAMBDA_SEEDS", "0-2").split("-")
SEEDS: Final = range(int(_ENDS[0]), int(_ENDS[-1]) + 1)
RECORDS: Final = 12 if IS_SHORT else 20
RECONCILED_EVERY: Final = 10
INDEX: Final = "workers.lambdas.index_function.handler"
MARK: Final = "in-no-log"
LAST_HASH_KEY: Final = 2**128 - 1


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_function_and_the_worker_leave_the_same(seed: int, settings: Settings, tmp_path: Path) -> None:
    """Index, dead letters, ledger and checkpoints are equal; and the log holds nothing of an event."""
    rng = random.Random(seed)
    async with world_of(settings) as world, beside(world) as other:
        await _send(world, rng)
        await world.drain("index")
        log = tmp_path / "log"
        variables = variables_of(other.settings, "lease_failover_s", "lease_renew_s")
        function = LambdaFunction(INDEX, variables, log, checkpoint_often, PRELOADED)
        async with AsyncExitStack() as stack:
            source = EventSource(function, rng, stack)
            parent, *children = [await items_of(world, shard(number)) for number in range(3)]
            await source.drain(parent)
            async with asyncio.TaskGroup() as tasks:
                for each in children:
                    tasks.create_task(source.drain(each))
            await source.end(_last(parent, *children))
        sys.stdout.write(f"seed {seed}: {dict(source.fates)}\n")
        assert await _tables(other) == await _tables(world)
        assert await _dead_letters(other) == await _dead_letters(world)
        assert await other.ledger("index") == await world.ledger("index") == await world.arrival_minutes()
        assert await _checkpoints(other) == await _checkpoints(world)
        assert await other.drained("index")
        assert MARK not in log.read_text()
        if not IS_SHORT and seed % RECONCILED_EVERY == 0:
            await other.drain("archive")
            assert (await reconciled(other, deep=True)).all_right


async def _send(world: StackFixture, rng: random.Random) -> None:
    """Events, some again with the same or other content, poison, and aggregates of all of it; and a split midway."""
    made = Events(rng)
    for number in range(RECORDS):
        if number == RECORDS // 2:
            await world.split(shard(0))
        hash_key = rng.choice((0, LAST_HASH_KEY))
        if rng.random() < 0.3:
            await world.send_aggregate(*(made.next() for _ in range(rng.randint(2, 12))), hash_key=hash_key)
        else:
            await world.send(made.next(), hash_key=hash_key)


@dataclass
class Events:
    """Events by a seed. An id comes again either with its content or with others, each of which differs from all.

    So which of them are kept as conflicts does not depend on the order in which those of two shards are processed.
    """

    rng: random.Random
    known: tuple[list[bytes], list[bytes]] = field(default_factory=lambda: ([], []))
    made: int = 0

    def next(self) -> bytes:
        self.made += 1
        repeated, contradicted = self.known
        accepted_at = later(self.rng.randint(-5, 5))
        match self.rng.random():
            case chance if chance < 0.1:
                return f"{MARK} {self.made}".encode()
            case chance if chance < 0.25 and repeated:
                return twin(self.rng.choice(repeated), accepted_at=accepted_at)
            case chance if chance < 0.4 and contradicted:
                return twin(self.rng.choice(contradicted), accepted_at=accepted_at, amount_minor=self.made)
        fresh = event(merchant={"name": f"{MARK} {self.rng.randint(0, 5)}"}, amount_minor=1_000 + self.made)
        self.rng.choice(self.known).append(fresh)
        return fresh


def _last(*shards: Sequence[Item]) -> Sequence[Item]:
    return [next(items[-1] for items in reversed(shards) if items)]


async def _tables(world: StackFixture) -> dict[str, dict[str, object]]:
    """The rows of the index by their tables and keys; sets have no order."""
    names, found = world.context("index").names, dict[str, dict[str, object]]()
    for shape in INDEX_DRAIN.tables:
        pages = world.dynamodb.get_paginator("scan").paginate(TableName=names.of_drain("index", shape.name))
        found[shape.name] = {
            "/".join(str(item[key]) for key in shape.key): {name: _value(each) for name, each in item.items()}
            async for page in pages
            for item in page["Items"]
        }
    return found


def _value(attribute: Any) -> object:
    return {kind: sorted(each) if kind in {"SS", "NS", "BS"} else each for kind, each in attribute.items()}


async def _dead_letters(world: StackFixture) -> list[str]:
    return sorted(map(repr, await world.dead_letters()))


async def _checkpoints(world: StackFixture) -> dict[str, object]:
    return {row.shard_id: row.checkpoint for row in await world.leases("index").rows()}
