"""What stands ready for the measures of look-ups: a filled index in the stand-in, a stream, and a key."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from devkit.site import ACCOUNT, Site

from bench.write_path import servers
from bench.write_path.load.bodies import bodies
from bench.write_path.servers import Served
from txn_api.writes.admission import Admission
from txn_cli.stack import ports
from txn_cli.stack.endpoints import Endpoints
from txn_core.aws.clients import Aws
from txn_core.card_numbers.pan import Pan
from txn_core.dynamodb.table_shapes import BY_ORIGINAL
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import ITEM_FORM, LAYOUT_ID, RELATIONS, IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.identity import KeyRing

MERCHANT: Final = "Rippin, Kub and Mann"
CARDS: Final = 20
ROWS_A_CARD: Final = 150
PURCHASE: Final = "refunded-purchase"
REFUNDS: Final = 3
NOWHERE: Final = "http://127.0.0.1:9"  # an S3 that nobody asks


@dataclass(frozen=True, slots=True)
class Index:
    """The environment of the API and its peers, a key for it, and the cards that have rows."""

    environment: Mapping[str, str]
    key: str
    card_ids: tuple[str, ...]


@contextmanager
def site() -> Iterator[Index]:
    """A filled index for the time of the block; the environment of this process points to it too."""
    command = [sys.executable, "-m", "bench.reads.dynamodb"]
    with (
        servers.kinesis("--shards", "2", "--keep-records", "0") as kinesis_url,
        servers.started(command, servers.LOAD_CORE, os.environ, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        dynamodb_url = json.loads(process.stdout.readline())["url"]
        with Site.on(Endpoints(kinesis_url, dynamodb_url, NOWHERE, "bench", "bench")) as at:
            key, card_ids = asyncio.run(_filled(at))
            yield Index(at.environment, key, card_ids)


@contextmanager
def plain(name: str, index: Index) -> Iterator[Served]:
    """One of the peers."""
    port = ports.choose()
    options = ["--host", ports.HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", f"bench.reads.plain:{name}", *options, "--no-access-log"]
    with servers.started(command, servers.MEASURED_CORE, index.environment) as process:
        yield Served(servers.answering(f"http://{ports.HOST}:{port}", "/openapi.json"), process.pid)


async def _filled(at: Site) -> tuple[str, tuple[str, ...]]:
    """Fill the tables; an API key with every scope, and the cards."""
    settings = at.settings
    names, keys = TableNames.of(settings), KeyRing.from_settings(settings)
    async with Aws(settings).dynamodb() as dynamodb:
        shards = str(settings.merchant_write_shards)
        layout: Any = {
            "id": {"S": LAYOUT_ID},
            "write_shards": {"N": shards},
            ITEM_FORM: {"N": "2"},
            RELATIONS: {"S": BY_ORIGINAL},
        }
        await dynamodb.put_item(TableName=names.transactions, Item=layout)
        table = await TransactionTable.open(dynamodb, names.transactions)
        admission = Admission(keys, settings.occurred_ahead_s_max)
        documents = [json.loads(body) for body in bodies(CARDS * ROWS_A_CARD)]
        numbers = [document["card_number"] for document in documents[:CARDS]]
        for number, document in enumerate(documents):
            changed = document | {"card_number": numbers[number % CARDS]}
            changed["merchant"] = document["merchant"] | {"name": MERCHANT}
            await table.put_if_absent(_item(admission, changed, number))
        purchase = documents[0] | {"transaction_id": PURCHASE}
        await table.put_if_absent(_item(admission, purchase, len(documents)))
        for number in range(REFUNDS):
            related = {"type": "refund", "original_transaction_id": PURCHASE, "transaction_id": f"refund-{number}"}
            await table.put_if_absent(_item(admission, purchase | related, len(documents) + 1 + number))
    return await at.api_key(), tuple(keys.card_id(Pan(number)) for number in numbers)


def _item(admission: Admission, document: dict[str, Any], number: int) -> IndexItem:
    encoded = admission.admit(json.dumps(document).encode(), account=ACCOUNT, request_text="")
    position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
    return IndexItem.of(Event.decode(encoded.data), encoded.data, WriteOrder.of(encoded.accepted_at, position))
