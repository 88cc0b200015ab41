"""Whether the index has settled a record: as the item of its id, as a repeat of that item, or as a kept conflict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.expiry import Expiry
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, StoredTransaction, TransactionTable
from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import WriteOrder
from txn_core.settings import Settings
from workers.events.dead_letters import DeadLetter
from workers.events.decoding import decode
from workers.index.precedence import Relation, relate

_MISSING: Final = "missing_in_index"


async def open_evidence(settings: Settings, dynamodb: DynamoDBClient, store: ObjectStore) -> "IndexEvidence":
    """The evidence of the index.

    Raises:
        StoreError: its table was not bootstrapped.
    """
    name = TableNames.of(settings).transactions
    table = await TransactionTable.open(dynamodb, name, Expiry.of(settings))
    return IndexEvidence(table, store, settings.stream)


@dataclass(frozen=True, slots=True)
class IndexEvidence:
    """Looks records up by their ids."""

    transactions: TransactionTable
    store: ObjectStore
    stream: str

    async def faults(self, records: Sequence[StreamRecord]) -> list[str | None]:
        """`missing_in_index`, `conflict_not_kept` or None, of each record."""
        items = [_item_of(record) for record in records]
        stored = await self.transactions.get_all({item.key for item in items if item is not None})
        return [_MISSING if item is None else await self._fault(item, stored.get(item.key)) for item in items]

    async def _fault(self, item: IndexItem, stored: StoredTransaction | None) -> str | None:
        if self.transactions.is_over(item):
            return None  # gone by its kept days, or never written since it came behind them
        if stored is None:
            return _MISSING
        match relate(stored, item):
            case Relation.REPLAY | Relation.DUPLICATE:
                return None
            case Relation.CONFLICT:
                letter = DeadLetter.conflict("index", self.stream, item.order, b"")
                return "conflict_not_kept" if await self.store.find(letter.key) is None else None
            case _:
                return _MISSING  # it is the earlier one, and should have taken the item's place


def _item_of(record: StreamRecord) -> IndexItem | None:
    """The item that the record becomes, or None when the record is no event."""
    try:
        sound = decode(record)
    except EventError:
        return None
    return IndexItem.of(sound.event, sound.arrived.data, WriteOrder.of(sound.event.accepted_at, record.position))
