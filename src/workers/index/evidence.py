"""Whether the index has settled a record: as the item of its id, as a repeat of that item, or as a kept conflict."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.errors import EventError
from txn_core.kinesis.record_batch import Arrived
from txn_core.objects import ObjectStore
from txn_core.positions import WriteOrder
from txn_core.settings import Settings
from workers.events.dead_letters import DeadLetter
from workers.events.decoding import take_in
from workers.index.precedence import Verdict, judge

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

_MISSING: Final = "missing_in_index"


async def open_evidence(settings: Settings, dynamodb: "DynamoDBClient", store: ObjectStore) -> "IndexEvidence":
    """The evidence of the index.

    Raises:
        StoreError: its table was not bootstrapped.
    """
    transactions = await TransactionTable.open(dynamodb, TableNames.of(settings).transactions)
    return IndexEvidence(transactions, store, settings.stream)


@dataclass(frozen=True, slots=True)
class IndexEvidence:
    """Looks records up by their ids."""

    transactions: TransactionTable
    store: ObjectStore
    stream: str

    async def fault(self, record: Arrived) -> str | None:
        """`missing_in_index`, `conflict_not_kept` or None."""
        try:
            sound = take_in(record)
        except EventError:
            return _MISSING
        order = WriteOrder.of(sound.event.accepted_at, record.position)
        item = IndexItem.of(sound.event, sound.arrived.data, order)
        stored = await self.transactions.get(item.account, item.transaction_id)
        if stored is None:
            return _MISSING
        match judge(stored, item):
            case Verdict.REPLAY | Verdict.DUPLICATE:
                return None
            case Verdict.CONFLICT:
                letter = DeadLetter.conflict("index", self.stream, order, b"")
                return "conflict_not_kept" if await self.store.find(letter.key) is None else None
            case _:
                return _MISSING  # it is the earlier one, and should have taken the item's place
