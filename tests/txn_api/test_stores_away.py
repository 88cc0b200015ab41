"""Posts while credentials run out again and again, and while a store is away; `make outages` takes a minute for each.

Terminals post one after the other through the application, which has real servers behind doors that a test shuts.
"""

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import pytest
import structlog
from devkit.user_records import deaggregate
from httpx import AsyncClient

from devkit.kinesis_server import KinesisServer, kinesis_server
from tests.builders import body, card_number, transaction_id
from tests.support.authorising_proxy import authorising_proxy
from tests.support.credential_endpoint import credential_endpoint
from tests.txn_api.conftest import Api, client_of, standard_contract
from tests.workers.conftest import until
from tests.workers.proxy import Proxy
from txn_api.app import RESOURCES, create_app
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.drains import INDEX
from txn_core.dynamodb.dynamodb_table import BATCH_KEYS_MAX
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, TransactionId
from workers.hosts.process import work

LONG: Final = os.environ.get("OUTAGE_S")
AWAY_S: Final = float(LONG or 2.0)
VALID_S: Final = 12.0 if LONG else 2.0
LASTING_S: Final = float(LONG or 3.0)
BEFORE_S: Final = 0.5
RECOVERY_S_MAX: Final = 5.0 if LONG else 60.0  # beside the other tests of a suite seconds say nothing
AFTER_S: Final = 2.0
TERMINALS, PAUSE_S = 4, 0.05
HONEST: Final = frozenset({"not_stored", "overloaded", "outcome_unknown", "store_unavailable"})
_log = structlog.get_logger()
pytestmark = pytest.mark.timeout(60 + 3 * AWAY_S)


@dataclass
class Answers:
    """What terminals were answered."""

    found: list[tuple[TransactionId, float, str]] = field(default_factory=list)
    """The id, when it was answered, and the problem's code, or `202`."""

    def ids(self, *codes: str) -> set[TransactionId]:
        """The ids that were answered by one of these codes; `202` is one."""
        return {id_ for id_, _, code in self.found if code in codes}

    def taken_since(self, moment_s: float, count_max: int) -> set[TransactionId]:
        """The first ids that were answered 202 from a moment on."""
        return set([id_ for id_, at_s, code in self.found if code == "202" and at_s > moment_s][:count_max])

    def codes(self) -> Counter[str]:
        """How often each code came."""
        return Counter(code for _, _, code in self.found)

    def recovered_after(self, moment_s: float) -> float:
        """The seconds from a moment until the first 202."""
        return min(at_s for _, at_s, code in self.found if code == "202" and at_s > moment_s) - moment_s


@asynccontextmanager
async def posting(client: AsyncClient) -> AsyncIterator[Answers]:
    """Terminals that post for the time of the block."""
    answers, stopping, now_s = Answers(), asyncio.Event(), asyncio.get_running_loop().time

    async def terminal(number: int) -> None:
        while not stopping.is_set():
            id_ = TransactionId(transaction_id())
            answer = await client.post(
                "/transactions", json=body(transaction_id=id_, card_number=card_number(number))
            )
            code = "202" if answer.status_code == 202 else answer.json()["code"]
            answers.found.append((id_, now_s(), code))
            await asyncio.sleep(PAUSE_S)

    async with asyncio.TaskGroup() as tasks:
        for number in range(TERMINALS):
            tasks.create_task(terminal(number))
        try:
            yield answers
        finally:
            stopping.set()


@asynccontextmanager
async def served(settings: Settings, reached: Settings) -> AsyncIterator[Api]:
    """The application, with a key of an account of its own, which is made in the tables of `reached`."""
    app = create_app(settings, resources=RESOURCES)
    async with app.router.lifespan_context(app), client_of(app, standard_contract()) as client:
        async with Aws(reached).dynamodb() as dynamodb:
            keys = ApiKeyTable(dynamodb, TableNames.of(reached).api_keys)
            api = Api(app, client, app.state.services, keys, Account(f"acct-{secrets.token_hex(6)}"))
            client.headers.update(await api.key("transactions:write", "transactions:read"))
        yield api


def stored(server: KinesisServer, stream: str) -> set[str]:
    """The ids of all transactions on a stream."""
    return {
        Event.decode(record.data).transaction_id
        for each in server.stream(stream).records()
        for record in deaggregate(each.data, each.partition_key)
    }


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[KinesisServer]:
    async with kinesis_server({settings.stream: 2}) as server:
        yield server


@pytest.fixture
def staged(settings: Settings, stage: str, server: KinesisServer) -> Settings:
    """Settings with a stream of the test's own, and tables that all tests of the API share."""
    changes = {"kinesis_endpoint_url": server.url, "table_prefix": stage, "bucket": stage}
    return settings.model_copy(update=changes)


async def test_credentials_that_run_out_cost_no_post(
    staged: Settings, server: KinesisServer, own_environment: pytest.MonkeyPatch
) -> None:
    """They are renewed before they do, at every signature if need be, on each way to a store."""
    async with (
        credential_endpoint(own_environment, VALID_S) as endpoint,
        authorising_proxy(server.url, endpoint.is_valid) as kinesis,
        authorising_proxy(staged.dynamodb_endpoint_url, endpoint.is_valid) as dynamodb,
    ):
        doors = {"kinesis_endpoint_url": kinesis.url, "dynamodb_endpoint_url": dynamodb.url, "api_key_cache_s": 0.5}
        async with served(staged.model_copy(update=doors), staged) as api, posting(api.client) as answers:
            await asyncio.sleep(LASTING_S)
    assert set(answers.codes()) == {"202"}, answers.codes()
    assert answers.ids("202") <= stored(server, staged.stream)
    assert not LONG or kinesis.refused == dynamodb.refused == 0
    assert kinesis.passed >= LASTING_S
    assert dynamodb.passed >= LASTING_S
    assert endpoint.asked >= LASTING_S / VALID_S
    _log.info("posted", **answers.codes(), credentials=endpoint.asked, valid_s=VALID_S)


async def test_a_stream_that_is_away_is_told_honestly_and_loses_nothing(
    staged: Settings, server: KinesisServer
) -> None:
    """Each 202 is on the stream, nothing is that was said not to be, and posts go on within seconds."""
    async with (
        Proxy.to(server.url) as proxy,
        served(
            staged.model_copy(update={"kinesis_endpoint_url": proxy.url, "request_deadline_s": 1.0}), staged
        ) as api,
        posting(api.client) as answers,
    ):
        mended_s = await _shut(proxy)
        await asyncio.sleep(AFTER_S)
    on_stream = stored(server, staged.stream)
    assert answers.ids("202") <= on_stream
    assert not answers.ids("not_stored", "overloaded") & on_stream
    assert answers.recovered_after(mended_s) < RECOVERY_S_MAX
    _log.info("posted", **answers.codes(), posts_after_s=answers.recovered_after(mended_s))
    assert answers.codes().keys() & HONEST
    assert answers.codes().keys() <= HONEST | {"202"}, answers.codes()


async def test_tables_that_are_away_are_told_honestly_and_hold_all_when_they_are_back(
    staged: Settings, server: KinesisServer
) -> None:
    """Posts need them for keys alone; the index goes on by itself, and lacks nothing that was answered 202."""
    staged = staged.model_copy(update={"table_prefix": staged.stream, "bucket": staged.stream})
    await bootstrap(staged)
    stopping = asyncio.Event()
    async with Proxy.to(staged.dynamodb_endpoint_url) as proxy, asyncio.TaskGroup() as tasks:
        settings = staged.model_copy(
            update={"dynamodb_endpoint_url": proxy.url, "poll_idle_s": 0.2, "api_key_cache_s": 0.5}
        )
        tasks.create_task(work(INDEX, settings, stopping))
        async with served(settings, staged) as api:
            table = TransactionTable(api.services.transactions._client, TableNames.of(staged).transactions)
            async with posting(api.client) as answers:
                mended_s = await _shut(proxy)
                waiting = answers.taken_since(mended_s - AWAY_S + 0.5, TERMINALS)
                assert waiting  # a key that was known before is trusted for a while
                await until(lambda: _found(table, api.account, waiting, at_least=1))
                recovered_s = asyncio.get_running_loop().time() - mended_s
            await until(lambda: _found(table, api.account, answers.ids("202")))
        stopping.set()
    assert recovered_s < RECOVERY_S_MAX
    assert answers.recovered_after(mended_s) < RECOVERY_S_MAX
    assert answers.ids("202") <= stored(server, staged.stream)
    assert answers.codes().keys() <= {"202", "store_unavailable"}, answers.codes()
    _log.info(
        "posted", **answers.codes(), posts_after_s=answers.recovered_after(mended_s), indexed_after_s=recovered_s
    )


async def _shut(proxy: Proxy) -> float:
    """Shut a door for a while; gives when it was opened again."""
    await asyncio.sleep(BEFORE_S)
    proxy.cut()
    await asyncio.sleep(AWAY_S)
    proxy.mend()
    return asyncio.get_running_loop().time()


async def _found(
    table: TransactionTable, account: Account, ids: set[TransactionId], *, at_least: int | None = None
) -> bool:
    """Whether so many of them are in the index, or all."""
    keys, found = [f"{account}#{each}" for each in sorted(ids)], 0
    for at in range(0, len(keys), BATCH_KEYS_MAX):
        found += len(await table.get_all(keys[at : at + BATCH_KEYS_MAX]))
    return found >= (len(ids) if at_least is None else at_least)
