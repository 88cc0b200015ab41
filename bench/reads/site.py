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

from bench.write_path import servers
from bench.write_path.load.bodies import bodies
from bench.write_path.servers import Served
from txn_api.writes.admission import Admission
from txn_cli.stack import ports
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.card_numbers.pan import Pan
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import LAYOUT_ID, IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.quotas import UNLIMITED
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, KeyRing

ACCOUNT: Final = Account("bench")
MERCHANT: Final = "Rippin, Kub and Mann"
CARDS: Final = 20
ROWS_A_CARD: Final = 150
_KEY: Final = "a2V5" * 11


@dataclass(frozen=True, slots=True)
class Site:
    """The environment of the API and its peers, a key for it, and the cards that have rows."""

    environment: Mapping[str, str]
    key: str
    card_ids: tuple[str, ...]


@contextmanager
def site() -> Iterator[Site]:
    """A site for the time of the block; the environment of this process points to it too."""
    command = [sys.executable, "-m", "bench.reads.dynamodb"]
    before = dict(os.environ)
    with (
        servers.kinesis("--shards", "2", "--keep-records", "0") as kinesis_url,
        servers.started(command, servers.LOAD_CORE, os.environ, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        environment = {
            **dict.fromkeys(("TXN_IDENTITY_KEY", "TXN_CURSOR_KEY", "TXN_DEAD_LETTER_KEY"), _KEY),
            "TXN_CARD_KEYS": json.dumps({"1": _KEY}),
            "TXN_KINESIS_ENDPOINT_URL": kinesis_url,
            "TXN_DYNAMODB_ENDPOINT_URL": json.loads(process.stdout.readline())["url"],
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        os.environ.update(environment)
        try:
            key, card_ids = asyncio.run(_filled(Settings.from_environment()))
            yield Site(dict(os.environ), key, card_ids)
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def plain(name: str, site: Site) -> Iterator[Served]:
    """One of the peers."""
    port = ports.choose()
    options = ["--host", ports.HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command = [sys.executable, "-m", "uvicorn", f"bench.reads.plain:{name}", *options, "--no-access-log"]
    with servers.started(command, servers.MEASURED_CORE, site.environment) as process:
        yield Served(servers.answering(f"http://{ports.HOST}:{port}", "/openapi.json"), process.pid)


async def _filled(settings: Settings) -> tuple[str, tuple[str, ...]]:
    """Fill the tables; an API key with every scope, and the cards."""
    names, keys = TableNames.of(settings), KeyRing.from_settings(settings)
    async with Aws(settings).dynamodb() as dynamodb:
        shards = str(settings.merchant_write_shards)
        layout: Any = {"id": {"S": LAYOUT_ID}, "write_shards": {"N": shards}}
        await dynamodb.put_item(TableName=names.transactions, Item=layout)
        kept, presented = mint(account=ACCOUNT, scopes=SCOPES, limits=UNLIMITED)
        await ApiKeyTable(dynamodb, names.api_keys).put(kept)
        table = await TransactionTable.open(dynamodb, names.transactions)
        admission = Admission(keys, settings.occurred_ahead_s_max)
        documents = [json.loads(body) for body in bodies(CARDS * ROWS_A_CARD)]
        numbers = [document["card_number"] for document in documents[:CARDS]]
        for number, document in enumerate(documents):
            changed = document | {"card_number": numbers[number % CARDS]}
            changed["merchant"] = document["merchant"] | {"name": MERCHANT}
            await table.put_if_absent(_item(admission, changed, number))
    return presented, tuple(keys.card_id(Pan(number)) for number in numbers)


def _item(admission: Admission, document: dict[str, Any], number: int) -> IndexItem:
    encoded = admission.admit(json.dumps(document).encode(), account=ACCOUNT, request_text="")
    position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
    return IndexItem.of(Event.decode(encoded.data), encoded.data, WriteOrder.of(encoded.accepted_at, position))
