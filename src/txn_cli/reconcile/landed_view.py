"""The landing of a warehouse as a view of the stream: its positions by shard and minute, like the archive's ledger.

The landing reads the lake and has no lease. So it is compared as far as the archive's checkpoint reaches: what the
lake holds up to there, the landing must hold, unless it waits to be curated or loaded. What the archive set apart as
dead letters is in its ledger and in no table. Such letters are added for the minutes that would differ without them.

A run of the warehouse waits as long as the landing is held. So it is held twice at most: to sum all positions up, and
for those minutes, one by one, whose sums are not those of the records.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from operations.ledgers.comparison import ShardLedger
from txn_cli.reconcile.evidence import LakeEvidence
from txn_cli.reconcile.faults import Fault
from txn_cli.reconcile.views import REFERENCE, MinutePlace
from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.layout import RAW_PREFIX
from txn_core.position_digest import digest_of_places
from txn_core.positions import Position, SequenceNumber, ShardId
from warehouse.curated.curation import raw_objects, waiting
from warehouse.curated.parquet_table import ParquetTable
from warehouse.run.loading import waiting_commits
from warehouse.run.targets import Target
from workers.leases.ledger import DISORDER_MAX, Minute, Sum, Tally, minute_of, start_of, sum_of, tally_of

NAME: Final = "landing"
_PLACES: Final = (
    "select shard_id, arrived_at, sequence_number, sub_sequence_number from {landing}.positions "
    "where arrived_at >= timestamp '%s'"
)
_OF_MINUTE: Final = _PLACES + " and arrived_at < timestamp '%s' + interval '1' minute and shard_id = '%s'"
_MINUTE_LENGTH: Final = len("2026-01-02T03:04")
_ROWS_MAX: Final = 50_000


Held = Callable[[], AbstractContextManager[Target]]
"""Gives a target that no run changes for the time of the block."""


@dataclass(slots=True)
class LandedView:
    """The landing of a target. Positions that a run adds between two looks lie behind the archive's checkpoint."""

    held: Held
    store: ObjectStore
    begins: Mapping[ShardId, SequenceNumber] = field(default_factory=dict)
    _archive: Mapping[ShardId, ShardLedger] = field(default_factory=dict)
    _sums: Mapping[ShardId, Mapping[Minute, Sum]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """See `JudgedView`."""
        return NAME

    @property
    def sets_apart(self) -> str:
        """See `JudgedView`: the lake lacks what the archive set apart."""
        return REFERENCE

    async def ledgers(
        self, target: Target, archive: Mapping[ShardId, ShardLedger], since: Minute
    ) -> dict[ShardId, ShardLedger]:
        """What the landing holds of each shard that the archive has a ledger of, from a minute on.

        The archive's ledgers must have been read before: everything in them is in the lake by now.
        """
        self._archive = archive
        waits_from = await self._waits_from(target)
        self._sums = await asyncio.to_thread(self._sums_by_minute, target, since)
        found = {}
        for shard_id, ledger in archive.items():
            own = self._sums.get(shard_id, {})
            letters = await self._dead_letters(shard_id, ledger.tally, own)
            found[shard_id] = ShardLedger(ledger.row, Tally.of(own) + letters, waits_from)
        return found

    async def faults(self, place: MinutePlace, records: Sequence[StreamRecord]) -> list[Fault]:
        """See `JudgedView`: records that are not there or are there twice, and positions that no record has."""
        if self._sums.get(place.shard_id, {}).get(place.minute, Sum()) == sum_of(records):
            return []  # it holds what was read of it before, and this says the same
        with self.held() as target:
            landed = await asyncio.to_thread(lambda: Counter(self._of_minute(target, place)))
        found = []
        for record in records:
            rows = landed[record.position]
            if rows != 1:
                found.append(Fault.at(f"{'doubled' if rows else 'missing'}_in_{NAME}", record))
        strange = landed.keys() - {record.position for record in records}
        return found + [
            Fault(f"extra_in_{NAME}", *place, position) for position in sorted(strange, key=Position.within_shard)
        ]

    async def _waits_from(self, target: Target) -> Minute:
        """The minute from which on something waits to be curated or loaded."""
        listed = await raw_objects(self.store)
        snapshot = await ParquetTable(self.store).snapshot()
        missing = await waiting_commits(snapshot, target.landing())
        hours = [_hour_of(entry.key) for entry in waiting(listed, snapshot)]
        files = snapshot.files_of([append.number for append in missing])
        earliest = min(
            [*hours, *(Minute(file.first_at[:_MINUTE_LENGTH]) for file in files if file.first_at)], default=""
        )
        return minute_of(start_of(Minute(earliest)) - DISORDER_MAX) if earliest else ShardLedger().waits_from

    def _sums_by_minute(self, target: Target, since: Minute) -> Mapping[ShardId, Mapping[Minute, Sum]]:
        """Counts and digests of the positions by shard and minute; some rows at a time are in memory."""
        start = since.replace("T", " ") if len(since) == _MINUTE_LENGTH else "1970-01-01 00:00"
        found: defaultdict[ShardId, defaultdict[Minute, Sum]] = defaultdict(lambda: defaultdict(Sum))
        rows = self._rows(target, _PLACES % start)
        while part := list(islice(rows, _ROWS_MAX)):
            places: defaultdict[tuple[ShardId, Minute], list[tuple[str, int]]] = defaultdict(list)
            for minute, position in part:
                places[position.shard_id, minute].append((position.sequence_number, position.sub_sequence_number))
            for (shard_id, minute), each in places.items():
                found[shard_id][minute] += Sum(len(each), digest_of_places(each))
        return found

    def _of_minute(self, target: Target, place: MinutePlace) -> Iterator[Position]:
        start = place.minute.replace("T", " ")
        query = _OF_MINUTE % (start, start, place.shard_id.replace("'", "''"))
        return (position for _, position in self._rows(target, query))

    def _rows(self, target: Target, query: str) -> Iterator[tuple[Minute, Position]]:
        """The positions that the archive's ledger speaks of, with their minutes."""
        for batch in target.batches(query):
            columns = (batch[name].to_pylist() for name in batch.schema.names)
            for shard_id, arrived_at, sequence_number, sub in zip(*columns, strict=True):
                position = Position(shard_id, sequence_number, sub)
                if self._is_judged(position):
                    yield Minute(arrived_at.isoformat(timespec="minutes")[:_MINUTE_LENGTH]), position

    def _is_judged(self, position: Position) -> bool:
        begins = self.begins.get(position.shard_id)
        of_this_stream = begins is None or int(position.sequence_number) >= int(begins)
        ledger = self._archive.get(position.shard_id)
        return of_this_stream and ledger is not None and ledger.covers(position)

    async def _dead_letters(self, shard_id: ShardId, archived: Tally, own: Mapping[Minute, Sum]) -> Tally:
        """What the archive set apart, of the minutes that differ."""
        differing = {minute for minute, noted in archived.sums if own.get(minute, Sum()) != noted}
        if not differing:
            return Tally()
        return tally_of(await LakeEvidence(self.store).dead_letters(REFERENCE, shard_id, differing))


def _hour_of(key: str) -> Minute:
    """The first minute of the hour that a raw object lies in."""
    day, hour = key.removeprefix(RAW_PREFIX).split("/")[:2]
    return Minute(f"{day.removeprefix('dt=')}T{hour.removeprefix('hr=')}:00")
