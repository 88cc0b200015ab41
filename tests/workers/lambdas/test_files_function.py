"""The function of the clients' bucket behind Lambda's runtime client: each file once, whatever events come."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import pytest
from devkit.lambda_runtime import FunctionError, LambdaEnvironment, LambdaFunction

from tests.txn_cli.builders import CARD, cells, csv_of
from tests.txn_cli.fake_api import Hang, HttpReply
from tests.workers.ingest.test_ingest_process import ACME, ClientsFixture, site
from tests.workers.lambdas.small_batches import PRELOADED, ROWS_AT_ONCE, upload_few_rows
from tests.workers.lambdas.test_bucket_events import record
from tests.workers.lambdas.variables import variables_of

pytest.importorskip("awslambdaric", reason="the extra `lambda` is not installed")

__all__ = ["site"]

HANDLER: Final = "workers.lambdas.files_function.handler"
SETTINGS: Final = ("ingest_bucket", "ingest_key", "ingest_api_url", "ingest_api_keys", "ingest_takeover_s")
ENOUGH_S: Final = 60.0
SWEEP: Final = {"sweep": True}
ROWS: Final = csv_of(cells(line) for line in range(2, 2 + ROWS_AT_ONCE * 2 + 2))


@dataclass(frozen=True)
class Running:
    """The function and what it works with."""

    site: ClientsFixture
    environment: LambdaEnvironment
    log: Path

    async def arrived(self, *keys: str, timeout_s: float = ENOUGH_S) -> None:
        """Invoke it as S3 does."""
        bucket = {"name": self.site.settings.ingest_bucket}
        records = [record("", s3={"bucket": bucket, "object": {"key": quote_plus(key)}}) for key in keys]
        await self.invoke({"Records": records}, timeout_s)

    async def invoke(self, event: Any, timeout_s: float = ENOUGH_S) -> None:
        assert await self.environment.invoke(event, timeout_s) is None


@asynccontextmanager
async def running(site: ClientsFixture, tmp_path: Path) -> AsyncIterator[Running]:
    """The function with a key of one account."""
    with site.api.served() as url:
        settings, log = site.worker(url, acme=await site.key(ACME)), tmp_path / "log"
        function = LambdaFunction(HANDLER, variables_of(settings, *SETTINGS), log, upload_few_rows, PRELOADED)
        async with function.environment() as environment:
            yield Running(site, environment, log)


async def test_an_event_takes_in_its_file_and_a_sweep_all_others(site: ClientsFixture, tmp_path: Path) -> None:
    """Names are encoded, events come twice and late, and files in no account's folder are left alone."""
    for name in ("acme/a b+ü.csv", "acme/unsaid.csv", "zeta/a.csv", "alone.csv"):
        await site.clients.put(name, csv_of([cells(len(name))]))
    async with running(site, tmp_path) as function:
        await function.arrived("acme/a b+ü.csv", "zeta/a.csv", "alone.csv")
        assert await site.left() == ["acme/unsaid.csv", "alone.csv", "zeta/a.csv"]
        sent = len(site.api.requests)
        await function.arrived("acme/a b+ü.csv")
        assert len(site.api.requests) == sent
        await function.invoke(SWEEP)
        assert await site.left() == ["alone.csv", "zeta/a.csv"]
        log = function.log.read_text()
    assert {receipt.state for receipt in (await site.receipts()).values()} == {"done"}
    assert set(site.api.stored.values()) == {1}
    assert not [text for text in (CARD, "Banks", "Perry Cove", "unsaid", "a b") if text in log]
    assert [json.loads(line)["event"] for line in log.splitlines()].count("file_taken_in") == 2


async def test_a_file_that_takes_longer_than_an_invocation_goes_on_in_the_next(
    site: ClientsFixture, tmp_path: Path
) -> None:
    """It is let go before the deadline; the receipt says how far it is, and no row is sent twice."""
    async with running(site, tmp_path) as function:
        await function.invoke(SWEEP)  # which opens what the function works with
        await site.clients.put("acme/long.csv", ROWS)
        site.api.faults.extend([None, Hang()])
        await function.arrived("acme/long.csv", timeout_s=12.0)
        [receipt] = (await site.receipts()).values()
        assert (receipt.state, receipt.owner, receipt.totals.read) == ("open", None, ROWS_AT_ONCE)
        site.api.faults.clear()  # the time may have been up before the second chunk
        await function.invoke(SWEEP)
    assert await site.left() == []
    [receipt] = (await site.receipts()).values()
    assert (receipt.state, receipt.accepted, receipt.takes) == ("done", ROWS_AT_ONCE * 2 + 2, 2)
    assert set(site.api.stored.values()) == {1}


async def test_what_has_to_be_tried_again_is_an_error(site: ClientsFixture, tmp_path: Path) -> None:
    """Lambda counts it; the file stays, and quotes nothing."""
    await site.clients.put("acme/a.csv", ROWS)
    site.api.faults.append(HttpReply(401, "api_key_revoked"))
    async with running(site, tmp_path) as function:
        with pytest.raises(FunctionError) as caught:
            await function.arrived("acme/a.csv")
        assert await site.left() == ["acme/a.csv"]
        await function.arrived("acme/a.csv")
        assert await site.left() == []
    error = caught.value.args[0]
    assert error["errorMessage"] == "lambda-ingest: 1 files or folders could not be taken in just now"
