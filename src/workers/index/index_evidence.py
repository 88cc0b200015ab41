"""Whether the index has settled a record: as the item of its id, as a repeat of that item, or as a kept conflict."""

from dataclasses import dataclass
from typing import Final

from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
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
    return IndexEvidence(await TransactionTable.open(dynamodb, name), store, settings.stream)


@dataclass(frozen=True, slots=True)
class IndexEvidence:
    """Looks records up by their ids."""

    transactions: TransactionTable
    store: ObjectStore
    stream: str

    async def fault(self, record: StreamRecord) -> str | None:
        """`missing_in_index`, `conflict_not_kept` or None."""
        try:
            sound = decode(record)
        except EventError:
            return _MISSING
        order = WriteOrder.of(sound.event.accepted_at, record.position)
        item = IndexItem.of(sound.event, sound.arrived.data, order)
        if (stored := await self.transactions.get(item.account, item.transaction_id)) is None:
            return _MISSING
        match relate(stored, item):
            case Relation.REPLAY | Relation.DUPLICATE:
                return None
            case Relation.CONFLICT:
                letter = DeadLetter.conflict("index", self.stream, order, b"")
                return "conflict_not_kept" if await self.store.find(letter.key) is None else None
            case _:
                return _MISSING  # it is the earlier one, and should have taken the item's place
