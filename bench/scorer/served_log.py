"""Events through the scorer's drain into its score log, and the log against what the raw lake gives again."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from bench.drains.fetched import fetched
from bench.scorer.free_stores import SHARD, FreeScorer, KeptObjects
from fraud.observations.raw_lake import COLUMNS, observations_of
from fraud.records.score_row import ScoreRow
from fraud.scoring.replay import Findings, Replay, place_key
from fraud.scoring.score_log import rows_of
from fraud.scoring.versions import Versions
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of, read_parquet
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.instants import EARLIEST, instant_of
from workers.reading.read_position import records_of
from workers.reading.reader import Batch
from workers.score.score_processor import ScoreProcessor

TAKEN: Final = 1_000
"""Records that one read gives."""
CHILDREN: Final = (ShardId("shardId-000000000001"), ShardId("shardId-000000000002"))
LATE_SHARE: Final = 0.1
LATE_ROWS_MAX: Final = 2_000
"""How many rows a late one comes later: about a day of the sample."""


@dataclass(frozen=True, slots=True)
class ServedLog:
    """What stood on each shard, parents first, and the objects of the score log that came of it."""

    shards: Sequence[RecordBatch]
    objects: Sequence[bytes]

    def rows(self) -> Iterator[ScoreRow]:
        """The rows that the objects hold."""
        for body in self.objects:
            yield from rows_of(read_parquet(body))

    def findings(self, versions: Versions) -> Findings:
        """What `txn features verify` finds: each row computed again from the columns of the raw lake."""
        rows = {place_key(row.position): row for row in self.rows()}
        replay = Replay(rows, lambda _: versions, instant_of(EARLIEST), None)
        for records in self.shards:
            for start in range(0, len(records), TAKEN):
                some = records[start : start + TAKEN]
                table = read_parquet(parquet_of(table_of(some)), COLUMNS)
                for record, observation in zip(some, observations_of(table), strict=True):
                    replay.add(observation, record.position, instant_of(record.arrived_at))
        return replay.finish()


async def served_log(settings: Settings, versions: Versions, shards: Sequence[RecordBatch]) -> ServedLog:
    """The score log of a shard, or of a parent that ends and its children, which are read in turn."""
    objects = KeptObjects()
    scorer = FreeScorer(settings, versions=versions, objects=objects)
    await _drain(scorer, shards[:1])
    await _drain(scorer, shards[1:])
    return ServedLog(shards, list(objects.kept.values()))


def in_order(events: Iterable[bytes]) -> list[RecordBatch]:
    """Aggregated records of one shard."""
    return [_records(SHARD, list(events))]


def late_and_resharded(events: Iterable[bytes], *, late_rows: int = LATE_ROWS_MAX) -> list[RecordBatch]:
    """The same with every tenth event up to so many rows later, and a shard that is split in the middle by card."""
    rng = random.Random("late")
    places = [
        (number + (rng.randrange(late_rows) if rng.random() < LATE_SHARE else 0), data)
        for number, data in enumerate(events)
    ]
    stream = [data for _, data in sorted(places, key=lambda pair: pair[0])]
    middle = len(stream) // 2
    parts: dict[bool, list[bytes]] = {False: [], True: []}
    for data in stream[middle:]:
        parts[int(Event.decode(data).card_id[-1], 16) % 2 == 0].append(data)
    children = (_records(shard, part) for shard, part in zip(CHILDREN, parts.values(), strict=True))
    return [_records(SHARD, stream[:middle]), *children]


async def _drain(scorer: FreeScorer, shards: Sequence[RecordBatch]) -> None:
    """Drain shards a read in turn, each by a processor of its own."""
    processors = [scorer.processor(records[0].position.shard_id) for records in shards]
    for reads in zip_longest(*(_reads(each, records) for each, records in zip(processors, shards, strict=True))):
        for processor, batch in filter(None, reads):
            await processor.take(batch)
    for processor in processors:
        await processor.finish()


def _reads(processor: ScoreProcessor, records: RecordBatch) -> Iterator[tuple[ScoreProcessor, Batch]]:
    for start in range(0, len(records), TAKEN):
        yield processor, Batch(records[start : start + TAKEN], at_tip=False, ended=False)


def _records(shard_id: ShardId, events: Sequence[bytes]) -> RecordBatch:
    return records_of(shard_id, fetched(events))
