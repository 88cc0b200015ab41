"""What the third drain shows of a record: the row at its position."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.workers.dummy_drain import DUMMY
from tests.workers.dummy_drain.drain import key_of
from txn_core.aws.objects import ObjectStore
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class DummyEvidence:
    """Looks records up by their positions."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str) -> None:
        self._dynamodb, self._table = dynamodb, table

    async def faults(self, records: Sequence[StreamRecord]) -> list[str | None]:
        """`missing_in_dummy` or None, of each record."""
        return [await self._fault(record) for record in records]

    async def _fault(self, record: StreamRecord) -> str | None:
        answer = await self._dynamodb.get_item(
            TableName=self._table, Key=key_of(record.position), ConsistentRead=True
        )
        return None if "Item" in answer else "missing_in_dummy"


async def open_evidence(settings: Settings, dynamodb: "DynamoDBClient", _: ObjectStore) -> DummyEvidence:
    """The evidence as the registry names it."""
    return DummyEvidence(dynamodb, TableNames.of(settings).of_drain(DUMMY.name, DUMMY.tables[0].name))
