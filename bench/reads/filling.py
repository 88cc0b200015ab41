"""Rows put straight into the index of a local stack, as its worker would write them and many times as fast.

The worker makes one conditional write a transaction, of which dynalite takes some hundred a second; what is measured
is not how rows come in.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from devkit.running_stack import RunningStack
from devkit.site import own_environment

from bench.write_path.results import tell
from txn_api.writes.admission import Admission
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.environment import adopt, stack_environment
from txn_cli.stack.localkey import DEFAULT_ACCOUNT
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import KeyRing

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ITEMS_A_WRITE: Final = 25  # BatchWriteItem takes no more
TOLD_EACH: Final = 10_000


async def fill(stack: RunningStack, documents: Iterable[dict[str, Any]]) -> None:
    """Write request bodies into the index under the stack's own account and keys."""
    with own_environment():
        settings = _settings(stack)
        async with Aws(settings).dynamodb() as client:
            table = await TransactionTable.open(client, TableNames.of(settings).transactions)
            items = (table.attributes(item) for item in _items(settings, documents))
            written = 0
            while part := [*itertools.islice(items, ITEMS_A_WRITE)]:
                await _write(client, TableNames.of(settings).transactions, part)
                written += len(part)
                if written % TOLD_EACH == 0:
                    tell(f"{written:,} rows are there")


def _settings(stack: RunningStack) -> Settings:
    names = ("kinesis_url", "dynamodb_url", "s3_url", "access_key", "secret_key")
    endpoints = Endpoints(**{name: stack.ready[name] for name in names})
    secrets = Secrets.of(DataDir.at(stack.data_dir))
    return adopt(stack_environment(secrets, endpoints, api_port=0, given={}))


def _items(settings: Settings, documents: Iterable[dict[str, Any]]) -> Iterator[IndexItem]:
    admission = Admission(KeyRing.from_settings(settings), settings.occurred_ahead_s_max)
    for number, document in enumerate(documents):
        encoded = admission.admit(json.dumps(document).encode(), account=DEFAULT_ACCOUNT, request_text="")
        position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
        order = WriteOrder.of(encoded.accepted_at, position)
        yield IndexItem.of(Event.decode(encoded.data), encoded.data, order)


async def _write(client: "DynamoDBClient", name: str, items: list[dict[str, Any]]) -> None:
    part: Any = {name: [{"PutRequest": {"Item": item}} for item in items]}
    while part:
        part = (await client.batch_write_item(RequestItems=part))["UnprocessedItems"]
