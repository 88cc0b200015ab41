"""`txn api` in processes of its own, the posts that are sent to it, and what it told of them."""

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.builders import base64_key
from tests.chaos.proxy import Proxy, Traffic, upstream
from tests.workers.conftest import StackFixture
from txn_cli.stack import ports
from txn_cli.stack.children.child import Child, ChildSpec, Probe
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StackError
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from workers.leases.lease import Checkpoint
from workers.reading.reader import ShardReader

ACCOUNT: Final = Account("acme")
ANSWER_S_MAX: Final = 30.0
SETTLED_S_MAX: Final = 120.0
RETRY_PAUSE_S: Final = 0.1
STARTS_MAX: Final = 4
PASSED_ON: Final = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "stream", "table_prefix")
TOUCHED: Final = (
    "request_deadline_s",
    "put_timeout_s",
    "idempotency_timeout_s",
    "api_processes",
    "key_cards_of_mask_max",
)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, or that there was none (status 0)."""

    status: int
    content: bytes = field(default=b"", repr=False)
    replayed: bool = False

    @property
    def code(self) -> str:
        """A problem's code, and of a 202 whether it was a replay."""
        if self.status == 202:
            return "replayed" if self.replayed else "accepted"
        return str(json.loads(self.content)["code"]) if self.content else "no answer"

    @property
    def document(self) -> dict[str, Any]:
        """What was told."""
        document: dict[str, Any] = json.loads(self.content)
        return document


@dataclass(frozen=True, slots=True)
class Client:
    """Sends to one address; as many connections as there are posts at once."""

    session: aiohttp.ClientSession
    headers: Mapping[str, str]

    async def post(self, url: str, body: Mapping[str, Any], key: str | None = None) -> Told:
        """Send a transaction once."""
        headers = {**self.headers, "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        try:
            async with self.session.post(
                f"{url}/transactions", data=json.dumps(body).encode(), headers=headers
            ) as answer:
                replayed = answer.headers.get("Idempotent-Replayed") == "true"
                return Told(answer.status, await answer.read(), replayed)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return Told(0)

    async def settle(self, url: str, body: Mapping[str, Any], key: str | None = None) -> Told:
        """Send it again until there is an answer of success or refusal, as a terminal does."""
        async with asyncio.timeout(SETTLED_S_MAX):
            while True:
                told = await self.post(url, body, key)
                if told.status not in {0, 409, 503}:
                    return told
                await asyncio.sleep(RETRY_PAUSE_S)

    async def get(self, url: str, transaction_id: str) -> dict[str, Any]:
        """A transaction that is indexed."""
        async with self.session.get(f"{url}/transactions/{transaction_id}", headers=self.headers) as answer:
            assert answer.status == 200
            document: dict[str, Any] = await answer.json()
            return document


@asynccontextmanager
async def client_of(world: StackFixture) -> AsyncIterator[Client]:
    """A client with a key of its own."""
    key, presented = mint(account=ACCOUNT, scopes=SCOPES)
    names = TableNames(world.settings.table_prefix)
    await ApiKeyTable(world.dynamodb, names.api_keys).put(key)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield Client(session, {"Authorization": f"Bearer {presented}"})


@dataclass
class Served:
    """One `txn api`."""

    url: str
    child: Child

    def kill(self) -> None:
        """SIGKILL."""
        self.child.kill()


@asynccontextmanager
async def serving(settings: Settings, folder: Path, name: str = "api") -> AsyncIterator[Served]:
    """A `txn api` with these settings for the time of the block; the AWS credentials are those of the environment."""
    port = ports.choose()
    url = f"http://{ports.HOST}:{port}"
    given = {f"TXN_{field.upper()}": str(getattr(settings, field)) for field in (*PASSED_ON, *TOUCHED)}
    keys = {"TXN_CARD_KEYS": json.dumps({"1": base64_key(1)})} | {
        f"TXN_{field}_KEY": base64_key(number) for number, field in ((2, "IDENTITY"), (3, "CURSOR"))
    }
    spec = ChildSpec(
        name=name,
        argv=(sys.executable, "-m", "txn_cli.main", "api"),
        environment={**os.environ, **given, **keys, "TXN_API_PORT": str(port)},
        log=folder / f"{name}.log",
        probes=(Probe(f"{url}/healthz", status=200),),
        start_deadline_s=60.0,
    )
    child = await _started(spec)
    try:
        yield Served(url, child)
    finally:
        child.kill()
        await child.ended()


async def _started(spec: ChildSpec) -> Child:
    """The process, answering; on a busy machine it may have to be started again, as its supervisor would."""
    for _ in range(STARTS_MAX - 1):
        child = await Child.start(spec)
        with suppress(StackError):
            await child.answered()
            return child
        child.kill()
        await child.ended()
    child = await Child.start(spec)
    await child.answered()
    return child


@asynccontextmanager
async def proxied(settings: Settings, traffic: Traffic) -> AsyncIterator[Settings]:
    """Settings of a process all of whose calls meet their fate on the way."""
    targets = {"kinesis": settings.kinesis_endpoint_url, "dynamodb": settings.dynamodb_endpoint_url}
    async with AsyncExitStack() as stack:
        session, urls = await stack.enter_async_context(upstream()), {}
        for service, target in targets.items():
            proxy = Proxy("api", service, target or "", traffic, session)
            urls[f"{service}_endpoint_url"] = (await stack.enter_async_context(proxy.listening())).url
        yield settings.model_copy(update=urls)


async def on_stream(world: StackFixture) -> dict[str, list[dict[str, Any]]]:
    """Every event of the stream, by transaction id."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    shards = await world.kinesis.list_shards(StreamName=world.settings.stream)
    for shard in shards["Shards"]:
        reader = ShardReader(
            world.kinesis,
            world.settings.stream,
            ShardId(shard["ShardId"]),
            Checkpoint(),
            records_max=1_000,
            idle_s=0.0,
        )
        while True:
            batch = await reader.read()
            for record in batch.records:
                event = json.loads(record.data)
                found[event["transaction_id"]].append(event)
            if batch.at_tip or batch.ended:
                break
    return found
