"""The tasks of the templates, under their own roles: all is taken, indexed and archived, and no call is refused."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from devkit.aws_account.account_site import AccountSite, account_site

from tests.builders import arrived, encoded
from tests.deploy.client_work import ROWS, SINGLE, ClientWork, wait_ready
from tests.deploy.deployed import LONG, deployed
from tests.deploy.known_calls import allowed_actions, calls_besides, known_calls, seen_calls
from tests.deploy.unused_actions import unexplained, without_purpose
from txn_cli.stack.firstmodel import ensure_model
from txn_cli.stack.narrator import Narrator
from txn_core.api_keys import SCOPES
from txn_core.aws.clients import Aws
from txn_core.settings import Settings
from txn_core.transactions.identity import KeyRing
from txn_core.transactions.instants import now
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.metrics import WorkerMetrics

QUICK: Final = {"archive.env": "TXN_ARCHIVE_FLUSH_AGE_S=1\n", "score.env": "TXN_SCORE_FLUSH_S=1\n"}
WORKERS: Final = ("index", "archive", "score")
LETTERS: Final = 1
BOOTSTRAP_S_MAX: Final = 120.0
NO_EVENT: Final = b"this is no event"


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def bootstrapped(site: AccountSite) -> None:
    """Run the operator's task, which finds all that the templates made, and ends by itself."""
    task = site.agent.start(site.definition("bootstrap"))
    assert task.process.wait(BOOTSTRAP_S_MAX) == 0, task.log.read_text()


def start_all(site: AccountSite) -> str:
    """Start the tasks that serve, and wait until each is ready; gives the address of the API."""
    port = free_port()
    api = site.agent.start(site.definition("api"), TXN_API_HOST="127.0.0.1", TXN_API_PORT=port)
    waited = [(f"http://127.0.0.1:{port}/readyz", api.log)]
    for worker in WORKERS:
        metrics = free_port()
        own = {"TXN_WORKER_METRICS_HOST": "127.0.0.1", "TXN_WORKER_METRICS_PORT": metrics}
        task = site.agent.start(site.definition(worker), **own)
        waited.append((f"http://127.0.0.1:{metrics}/readyz", task.log))
    for url, log in waited:
        wait_ready(url, log)
    return f"http://127.0.0.1:{port}"


async def choose_model(site: AccountSite) -> None:
    """Let the model that comes with the package score, as an operator does."""
    bucket = site.definition("score").environment["TXN_BUCKET"]
    await ensure_model(site.site.settings.model_copy(update={"bucket": bucket}), Narrator())


async def split_first_shard(site: AccountSite) -> None:
    """Split a shard of the stream, as an operator does."""
    async with Aws(site.site.settings).kinesis() as kinesis:
        stream = site.definition("index").environment["TXN_STREAM"]
        shard = (await kinesis.list_shards(StreamName=stream))["Shards"][0]
        hashes = shard["HashKeyRange"]
        middle = (int(hashes["StartingHashKey"]) + int(hashes["EndingHashKey"])) // 2
        await kinesis.split_shard(StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))
        await kinesis.put_record(StreamName=stream, Data=NO_EVENT, PartitionKey="p")


async def leave_letter(site: AccountSite, operator: Mapping[str, str]) -> None:
    """Leave the letter of an event that the index was refused once, as its worker leaves it."""
    ours = site.definition("index").environment
    settings = site.site.settings.model_copy(update={"bucket": ours["TXN_BUCKET"], "bucket_owner": None})
    secrets = Settings(
        dead_letter_key=operator["TXN_DEAD_LETTER_KEY"],
        identity_key=operator["TXN_IDENTITY_KEY"],
        card_keys=json.loads(operator["TXN_CARD_KEYS"]),
    )
    event = encoded(ring=KeyRing.from_settings(secrets), transaction_id="left-0000", accepted_at=now())
    async with Aws(settings).lake() as store:
        box = DeadLetterBox(store, Seal.of(secrets), "index", ours["TXN_STREAM"], WorkerMetrics("index"))
        await box.unwritable(arrived(event.data), "ValidationException")


@LONG
@pytest.mark.timeout(900)
async def test_tasks_do_their_work_under_their_roles(tmp_path: Path) -> None:
    async with account_site(deployed(SettingsFiles="yes"), tmp_path) as site, kept_calls(site):
        site.agent.settings_files |= QUICK
        operator = await asyncio.to_thread(site.agent.operator_environment, site.definition("api"))
        await asyncio.to_thread(bootstrapped, site)
        scopes = [option for scope in SCOPES for option in ("--scope", scope)]
        made = await asyncio.to_thread(
            site.run, "keys", "create", "--account", "acme", *scopes, "--json", environment=operator
        )
        await choose_model(site)
        url = await asyncio.to_thread(start_all, site)

        headers = {"Authorization": f"Bearer {made['key']}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60.0) as http:
            work = ClientWork(http)
            await asyncio.to_thread(work.singly)
            await split_first_shard(site)
            await asyncio.to_thread(load, site, url, made["key"])
            await asyncio.to_thread(caught_up, site, operator)
            await asyncio.to_thread(work.read)
            await asyncio.to_thread(work.review)
            await leave_letter(site, operator)
            await asyncio.to_thread(work.operate)
            await asyncio.to_thread(caught_up, site, operator)

        codes = [await asyncio.to_thread(task.stop) for task in site.agent.tasks]
        assert codes == [0] * len(codes)
        report = await asyncio.to_thread(site.run, "reconcile", "--since", "1h", "--json", environment=operator)
        assert report["all_right"], report
        assert await indexed(site) == ROWS + SINGLE + LETTERS
        assert_used(site)


@asynccontextmanager
async def kept_calls(site: AccountSite) -> AsyncIterator[None]:
    """Keep all calls in the folder of the test, for whoever has to look what differs; also when the test fails."""
    try:
        yield
    finally:
        started = [task.definition for task in site.agent.tasks]
        kept = {
            "known_calls": seen_calls(site.account, started),
            "unused": sorted(one for one, used in allowed_actions(site.account, started).items() if not used),
            "refused": sorted(set(site.account.ledger.refused), key=str),
            "unknown": site.proxy.unknown,
        }
        (site.folder / "calls.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def load(site: AccountSite, url: str, key: str) -> None:
    """Load a file as a back office does."""
    client = {**os.environ, "TXN_API_KEY": key}
    site.run("simulate", "--rows", str(ROWS), "--cards", "200", "--out", "rows.csv", environment=client)
    totals = site.run("load", "rows.csv", "--url", url, "--json", environment=client)
    assert (totals["read"], totals["accepted"], totals["rejected"]) == (ROWS, ROWS, 0)


def caught_up(site: AccountSite, operator: dict[str, str]) -> None:
    """Wait until every shard is drained."""
    site.run("status", "--wait-caught-up", "--timeout", "300", "--json", environment=operator)


async def indexed(site: AccountSite) -> int:
    """The transactions of the index."""
    async with Aws(site.site.settings).dynamodb() as dynamodb:
        table = site.definition("index").environment["TXN_TABLE_PREFIX"] + "-transactions"
        pages = dynamodb.get_paginator("scan").paginate(TableName=table)
        items: list[Any] = [item async for page in pages for item in page["Items"]]
    return sum("event" in item or "card" in item for item in items)


def assert_used(site: AccountSite) -> None:
    """No call was refused, the calls are those that are known, and what nobody used is listed with a reason."""
    ledger = site.account.ledger
    assert site.proxy.unknown == []
    assert ledger.refused == []
    started = [task.definition for task in site.agent.tasks]
    seen = seen_calls(site.account, started)
    assert calls_besides(seen, known_calls()) == []
    allowed = allowed_actions(site.account, started)
    assert unexplained({one for one, used in allowed.items() if not used}) == set()
    assert without_purpose(allowed) == set()
