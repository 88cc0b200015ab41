"""What is wrong with minutes of one shard, found by reading stream, lake, dead letters and the views again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from operations.ledgers.comparison import MinuteSums, ShardLedger
from txn_cli.reconcile.evidence import LakeEvidence, StreamEvidence
from txn_cli.reconcile.faults import Fault, Found
from txn_cli.reconcile.views import JudgedView, MinutePlace, View
from txn_core.positions import Position, SequenceNumber, ShardId
from workers.leases.ledger import Minute, start_of, sum_of


@dataclass(frozen=True, slots=True)
class Examination:
    """The examination of one shard.

    Attributes:
        ledgers: those of the shard, by the name of the view, the reference's included.
        begins: the first sequence number of the shard, where the stream says so. What the lake holds from before is
            of an earlier stream.
        retained_from: the moment from which on the stream still holds everything.
    """

    stream: StreamEvidence
    lake: LakeEvidence
    reference: View
    views: Sequence[JudgedView]
    shard_id: ShardId
    ledgers: Mapping[str, ShardLedger]
    begins: SequenceNumber | None
    retained_from: datetime

    async def faults(self, hour: Mapping[Minute, Mapping[str, MinuteSums]]) -> list[Fault]:
        """What is wrong with some minutes of one hour, each given with what the ledgers of the views say of it."""
        found = await self._find(set(hour))
        dead_letters = {
            view.name: {
                letter.position.within_shard()
                for letter in await self.lake.dead_letters(view.sets_apart, self.shard_id, set(hour))
            }
            for view in self.views
            if view.sets_apart is not None
        }
        faults: list[Fault] = []
        for minute, sums in sorted(hour.items()):
            of_minute = found.within(minute)
            for view in self.views:
                if view.name in sums:
                    faults += await self._view_faults(
                        view, sums[view.name], of_minute, dead_letters.get(view.name, set())
                    )
            faults += self._reference_faults(next(iter(sums.values())), of_minute)
        return faults

    async def _find(self, minutes: set[Minute]) -> Found:
        retained = start_of(min(minutes)) >= self.retained_from
        stream = await self.stream.records(self.shard_id, minutes) if retained else None
        lake = await self.lake.rows(self.shard_id, minutes, stream or ())
        dead_letters = await self.lake.dead_letters(self.reference.name, self.shard_id, minutes)
        return Found(stream, lake, dead_letters).only(self._is_of_this_stream)

    def _is_of_this_stream(self, position: Position) -> bool:
        return self.begins is None or int(position.sequence_number) >= int(self.begins)

    async def _view_faults(
        self, view: JudgedView, sums: MinuteSums, found: Found, dead_letters: set[tuple[int, int]]
    ) -> list[Fault]:
        found = found.only(self.ledgers[view.name].covers)
        records = [record for record in found.events() if record.position.within_shard() not in dead_letters]
        faults = await view.faults(MinutePlace(self.shard_id, sums.minute), records)
        if not faults and found.stream is not None and sum_of(found.stream) != sums.view:
            why = f"the ledger of the {view.name} says otherwise than stream and lake"
            faults = [Fault(f"unexplained_in_{view.name}", self.shard_id, sums.minute, why=why)]
        return faults

    def _reference_faults(self, sums: MinuteSums, found: Found) -> list[Fault]:
        found = found.only(self.ledgers[self.reference.name].covers)
        faults = [*found.lake_faults()]
        if not faults and sum_of(found.archived()) != sums.reference:
            why = f"the ledger of the {self.reference.name} says otherwise than the lake"
            faults = [Fault("unexplained_in_lake", self.shard_id, sums.minute, why=why)]
        return faults
