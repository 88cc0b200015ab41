"""One bad shard: what the records for the others wait for, on a clock of its own, with the producer as it is.

Time passes by waiting alone, so that the figures are those of the producer's decisions: whose records share a call,
which call goes when, who is left out. Records come in an open loop, the same ones with and without the trouble.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from devkit.kinesis_server.stream_limits import ShardMeter
from prometheus_client import CollectorRegistry

from bench.counted.aws import SHARDS, THROTTLED, shard_document, shard_of
from bench.counted.loop import CountingLoop, run
from bench.counted.site import environment
from bench.write_path.percentiles import percentile
from bench.write_path.results import Result, at_most, counted, none_of
from txn_core.exceptions import ProducerError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

RECORDS_PER_S: Final = 2_000.0
DATA: Final = b"x" * 700
ROUND_TRIP_S: Final = 0.01
TROUBLE_AT_S: Final = 1.0
BAD: Final = SHARDS - 1  # the number of the shard that is in trouble
FAILED: Final = "InternalFailure"

SECONDS: Final = 10.0
SEEDS: Final = (1, 2, 3)
LATENCY_MAX: Final = 1.05
CAUGHT_UP_S: Final = 1.0  # what had to wait for the first late answer has been sent by then

Judge = Callable[[int, float], str | None]
"""What becomes of a record of so many bytes that comes at a time: the code of an error, or none and it lands."""


class Latency(NamedTuple):
    """When a record was due, and how long it took from then on."""

    due_s: float
    taken_s: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one shard: how its records are judged, and how long calls with one of them take besides."""

    name: str
    relate: Callable[[], Judge] = lambda: lambda _size, _now: None
    delay_s: float = 0.0


def _of_its_rate(share: float) -> Judge:
    """Throttled to a part of what a shard of Kinesis takes."""
    meter = ShardMeter()
    return lambda size, now: None if meter.admit_write(size, now, share) else THROTTLED


NONE: Final = Trouble("in no trouble")
TROUBLES: Final = (
    Trouble("that throttles everything", lambda: lambda _size, _now: THROTTLED),
    Trouble("throttled to 2 %", lambda: _of_its_rate(0.02)),
    Trouble("throttled to 30 %", lambda: _of_its_rate(0.3)),
    Trouble("that fails", lambda: lambda _size, _now: FAILED),
    Trouble("that answers after 3 s", delay_s=3.0),
)


@dataclass(slots=True)
class TroubledStream:
    """PutRecords and ListShards of a stream of which one shard gets into trouble."""

    trouble: Trouble
    landed: int = 0
    _judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self._judge = self.trouble.relate()

    async def list_shards(self, **_: object) -> dict[str, Any]:
        """All of them."""
        return {"Shards": [shard_document(number) for number in range(SHARDS)]}

    async def put_records(self, *, StreamName: str, Records: Sequence[Any]) -> dict[str, Any]:  # noqa: ARG002, N803 - AWS' names
        """Let the records land, or tell what became of them instead."""
        loop = asyncio.get_running_loop()
        in_trouble = loop.time() >= TROUBLE_AT_S
        slow = in_trouble and any(shard_of(record) == BAD for record in Records)
        await asyncio.sleep(ROUND_TRIP_S + self.trouble.delay_s * slow)
        return {"Records": [self._outcome(record, in_trouble=in_trouble) for record in Records]}

    def _outcome(self, record: Any, *, in_trouble: bool) -> dict[str, str]:
        shard, code = shard_of(record), None
        if shard == BAD and in_trouble:
            code = self._judge(len(record["Data"]), asyncio.get_running_loop().time())
        if code is not None:
            return {"ErrorCode": code, "ErrorMessage": "on purpose"}
        self.landed += 1
        return {"ShardId": f"shardId-{shard:012d}", "SequenceNumber": f"{self.landed:056d}"}


def measure(seconds: float = SECONDS) -> Iterator[Result]:
    """Each trouble, against none."""
    untroubled = _of_all_seeds(NONE, seconds)
    for trouble in TROUBLES:
        yield from compared_with(untroubled, _of_all_seeds(trouble, seconds), trouble)


def compared_with(untroubled: Sequence[Latency], found: Sequence[Latency], trouble: Trouble) -> Iterator[Result]:
    """Percentiles of the records for the other shards beside a shard in trouble, against those beside one in none.

    Of a shard that is slow the first call, which is late for all that are in it, is looked at by itself.
    """
    what = f"of records for {SHARDS - 1} shards beside one {trouble.name}"
    yield none_of(f"failures {what}", len(untroubled) - len(found))
    known_at_s, since = 0.0, ""
    if trouble.delay_s:
        longest = max(latency.taken_s for latency in found)
        yield counted(f"longest seconds {what}, against its own", longest, trouble.delay_s, at_most(1.02))
        known_at_s, since = TROUBLE_AT_S + trouble.delay_s + CAUGHT_UP_S, ", once it is known"
    for percent in (50, 99, 100):
        with_it, without = (
            percentile([latency.taken_s for latency in of if latency.due_s >= known_at_s], percent)
            for of in (found, untroubled)
        )
        name = f"p{percent} seconds {what}{since}, against none in trouble"
        yield counted(name, with_it, without, at_most(LATENCY_MAX))


def _of_all_seeds(trouble: Trouble, seconds: float) -> list[Latency]:
    return [latency for seed in SEEDS for latency in latencies(trouble, seconds=seconds, seed=seed)]


def latencies(trouble: Trouble, *, seconds: float, seed: int) -> list[Latency]:
    """How long each record for the three other shards took that landed, from the moment at which it was due."""

    async def measured(loop: CountingLoop) -> list[Latency]:
        random.seed(seed)  # the producer's pauses are jittered
        with environment():
            settings = Settings()
        stream = cast("KinesisClient", TroubledStream(trouble))
        producer = Producer.from_settings(stream, settings, CollectorRegistry())
        await producer.route_by_shards()
        taken: list[Latency] = []
        for shard in range(SHARDS):
            for due_s, key in _records(shard, seconds, random.Random(f"{seed}/{shard}")):
                loop.call_at(due_s, _hand_over, producer, key, [] if shard == BAD else taken)
        await asyncio.sleep(seconds)
        await producer.close(settings.shutdown_deadline_s)
        return taken

    return run(measured)


def _records(shard: int, seconds: float, rng: random.Random) -> Iterator[tuple[float, str]]:
    """When records for a shard come, and their keys."""
    due_s = 0.0
    while (due_s := due_s + rng.expovariate(RECORDS_PER_S / SHARDS)) < seconds:
        key = f"card{rng.randrange(1 << 30)}"
        while shard_of({"PartitionKey": key}) != shard:
            key = f"card{rng.randrange(1 << 30)}"
        yield due_s, key


def _hand_over(producer: Producer, key: str, taken: list[Latency]) -> None:
    with suppress(ProducerError):  # a shard in trouble is soon full
        producer.submit(key, DATA).add_done_callback(partial(_note, taken, asyncio.get_running_loop().time()))


def _note(taken: list[Latency], due_s: float, landing: "asyncio.Future[Landing]") -> None:
    if not landing.cancelled() and landing.exception() is None:
        taken.append(Latency(due_s, asyncio.get_running_loop().time() - due_s))
