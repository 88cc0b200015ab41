"""Whether the index has settled a record: as the item of its id, as a repeat of it, or as a kept conflict."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from txn_cli.crew import side_by_side
from txn_cli.patience import briefly
from txn_cli.reconcile.faults import FaultKind
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.errors import EventError
from txn_core.kinesis.record_batch import Arrived
from txn_core.objects import ObjectStore
from txn_core.positions import WriteOrder
from workers.events.dead_letters import DeadLetter
from workers.events.decoding import take_in
from workers.index.precedence import Verdict, judge

READS_AT_ONCE_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class IndexEvidence:
    """Looks records up by their ids."""

    transactions: TransactionTable
    store: ObjectStore
    stream: str

    async def faults(
        self, records: Sequence[Arrived], letters: Collection[Arrived]
    ) -> list[tuple[FaultKind, Arrived]]:
        """What is wrong with some records, in their order; `letters` are those that the index could not read."""
        unreadable = {letter.position.within_shard() for letter in letters}
        found: dict[int, FaultKind] = {}

        async def look(numbered: tuple[int, Arrived]) -> None:
            number, record = numbered
            if record.position.within_shard() not in unreadable and (kind := await self._fault(record)) is not None:
                found[number] = kind

        await side_by_side(enumerate(records), look, hands=READS_AT_ONCE_MAX)
        return [(found[number], records[number]) for number in sorted(found)]

    async def _fault(self, record: Arrived) -> FaultKind | None:
        try:
            sound = take_in(record)
        except EventError:
            return "missing_in_index"
        order = WriteOrder.of(sound.event.accepted_at, record.position)
        item = IndexItem.of(sound.event, sound.arrived.data, order)
        stored = await briefly("look up", lambda: self.transactions.get(item.account, item.transaction_id))
        if stored is None:
            return "missing_in_index"
        match judge(stored, item):
            case Verdict.REPLAY | Verdict.DUPLICATE:
                return None
            case Verdict.CONFLICT:
                letter = DeadLetter.conflict("index", self.stream, order, b"")
                kept = await briefly("look for letter", lambda: self.store.find(letter.key))
                return "conflict_not_kept" if kept is None else None
            case _:
                return "missing_in_index"  # it is the earlier one, and should have taken the item's place
