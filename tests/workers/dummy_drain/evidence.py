"""What the third drain has settled: every position that has its row."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.workers.dummy_drain import DUMMY
from tests.workers.dummy_drain.drain import key_of
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.record_batch import Arrived
from txn_core.objects import ObjectStore
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Rows:
    """Looks for the rows."""

    dynamodb: "DynamoDBClient"
    table: str

    async def fault(self, record: Arrived) -> str | None:
        answer = await self.dynamodb.get_item(TableName=self.table, Key=key_of(record.position), ConsistentRead=True)
        return None if "Item" in answer else "missing_in_dummy"


async def open_evidence(settings: Settings, dynamodb: "DynamoDBClient", _: ObjectStore) -> Rows:
    """The evidence as the registry names it."""
    return Rows(dynamodb, TableNames.of(settings).of_drain(DUMMY.name, DUMMY.tables[0].name))
