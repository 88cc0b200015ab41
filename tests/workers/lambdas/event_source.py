"""An event source mapping as bad as one may be, and the events that it hands over.

It hands over a shard's records in their order, and goes on where the answer says. Meanwhile environments are killed,
frozen and given little time, batches are cut in another way when they are handed over again, and come twice, also at
the same time to two environments.
"""

import asyncio
import base64
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from devkit.lambda_runtime import FunctionError, LambdaEnvironment, LambdaFunction, TimedOutError

from tests.workers.conftest import StackFixture
from txn_core.positions import ShardId

Fate = Literal["answered", "killed", "frozen", "late", "repeated", "at once"]
FATES: Final[tuple[Fate, ...]] = get_args(Fate)
BATCH_MAX: Final = 6
ENOUGH_S: Final = 60.0
LATE_S: Final = (0.05, 0.8)
FAULT_S: Final = (0.0, 0.25)
ROUNDS_MAX: Final = 300

Item = dict[str, Any]


def item_of(stream: str, shard_id: str, record: Any) -> Item:
    """A record that GetRecords gave, as a mapping hands it over."""
    return {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
        "eventSourceARN": f"arn:aws:kinesis:us-east-1:111122223333:stream/{stream}",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
        },
    }


async def items_of(world: StackFixture, shard_id: ShardId) -> list[Item]:
    """All that a shard holds."""
    stream, found = world.settings.stream, list[Item]()
    iterator: str | None = (
        await world.kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    )["ShardIterator"]
    while iterator is not None:
        answer = await world.kinesis.get_records(ShardIterator=iterator)
        found += [item_of(stream, shard_id, record) for record in answer["Records"]]
        iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return found


@dataclass
class EventSource:
    """The mapping of one function. `fates` counts what has become of invocations."""

    function: LambdaFunction
    rng: random.Random
    stack: AsyncExitStack
    fates: Counter[str] = field(default_factory=Counter)
    _deck: list[Fate] = field(default_factory=list)
    _idle: list[LambdaEnvironment] = field(default_factory=list)
    _frozen: list[tuple[LambdaEnvironment, asyncio.Task[Any]]] = field(default_factory=list)

    async def drain(self, items: Sequence[Item]) -> None:
        """Hand over a shard until all of it is durable."""
        at, rounds = 0, 0
        while at < len(items):
            assert (rounds := rounds + 1) < ROUNDS_MAX, f"no end: {self.fates}"
            stop = min(len(items), at + self.rng.randint(1, BATCH_MAX))
            fate = self._fate()
            if self._frozen and self.rng.random() < 0.3:
                self.rng.choice(self._frozen)[0].thaw()
            answer = await self._invoke(fate, items[at:stop])
            if answer is not None:
                at = self._after(answer, items, at, stop)
                if fate == "repeated":
                    await self._invoke("answered", items[self.rng.randrange(stop) : stop])

    async def end(self, last: Sequence[Item]) -> None:
        """Let what is frozen go on to its end, and hand over a batch to a new environment, which looks around."""
        for environment, task in self._frozen:
            environment.thaw()
            await asyncio.wait({task})
        self._idle.clear()
        await self._invoke("answered", last)

    async def _invoke(self, fate: Fate, items: Sequence[Item]) -> Any:
        """The answer; None where there is none, or none that the mapping gets to see."""
        environment = await self._environment()
        invoking = asyncio.create_task(environment.invoke({"Records": items}, self._time_s(fate)))
        match fate:
            case "killed" | "frozen":
                await asyncio.wait({invoking}, timeout=self.rng.uniform(*FAULT_S))
                if not invoking.done() and fate == "frozen":
                    environment.freeze()
                    self._frozen.append((environment, invoking))
                    return None
                if not invoking.done():
                    environment.kill()
                    invoking.cancel()
            case "at once":
                await self._invoke("answered", items[: self.rng.randint(1, len(items))])
        return await self._settled(environment, invoking)

    async def _settled(self, environment: LambdaEnvironment, invoking: asyncio.Task[Any]) -> Any:
        await asyncio.wait({invoking})
        if invoking.cancelled():
            return None
        try:
            answer = invoking.result()
        except TimedOutError:
            self.fates["ended by Lambda"] += 1
            return None
        except FunctionError as error:
            self.fates[f"failed: {error.args[0]['errorMessage']}"] += 1
            answer = None
        self._idle.append(environment)
        return answer

    def _fate(self) -> Fate:
        """Each fate comes once before any comes again."""
        if not self._deck:
            self._deck.extend(self.rng.sample(FATES, len(FATES)))
        fate = self._deck.pop()
        self.fates[fate] += 1
        return fate

    def _time_s(self, fate: Fate) -> float:
        return self.rng.uniform(*LATE_S) if fate == "late" else ENOUGH_S

    async def _environment(self) -> LambdaEnvironment:
        while self._idle:
            if (environment := self._idle.pop()).is_alive:
                return environment
        self.fates["environments"] += 1
        return await self.stack.enter_async_context(self.function.environment())

    def _after(self, answer: Any, items: Sequence[Item], at: int, stop: int) -> int:
        """Where the mapping goes on."""
        failures = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        if not failures:
            return stop
        self.fates["partial"] += 1
        numbers = [item["kinesis"]["sequenceNumber"] for item in items[at:stop]]
        return at + min(numbers.index(each) for each in failures)
