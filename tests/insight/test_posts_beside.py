"""Posts go on beside a query that does not end, which has a process of its own, of low priority."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bench.insight.endless import ENDLESS

from tests.builders import base64_key, body
from tests.insight.conftest import publish
from tests.races.served import Client, client_of, serving
from tests.workers.conftest import world_of
from txn_cli.stack import ports
from txn_cli.stack.children.child import Child, ChildSpec, Probe
from txn_core.settings import Settings

TIMEOUT_S: Final = 2.0
BESIDE: Final = ("q01", "q04", "q09")
NICE: Final = 10


@asynccontextmanager
async def endless_insight(settings: Settings, folder: Path, log: Path) -> AsyncIterator[tuple[str, Child]]:
    """The service as a process, one of whose questions does not end."""
    url = f"http://{ports.HOST}:{ports.choose()}"
    given = {
        "TXN_DYNAMODB_ENDPOINT_URL": str(settings.dynamodb_endpoint_url),
        "TXN_TABLE_PREFIX": settings.table_prefix,
        "TXN_IDENTITY_KEY": base64_key(2),
        "TXN_WAREHOUSE_FOLDER": str(folder),
        "TXN_INSIGHT_PORT": url.rpartition(":")[2],
        "TXN_INSIGHT_TIMEOUT_S": str(TIMEOUT_S),
    }
    spec = ChildSpec(
        name="insight",
        argv=(sys.executable, "-m", "bench.insight.endless"),
        environment={**os.environ, **given},
        log=log,
        probes=(Probe(f"{url}/healthz", status=200),),
        start_deadline_s=60.0,
    )
    child = await Child.start(spec)
    try:
        await child.answered()
        yield url, child
    finally:
        child.kill()
        await child.ended()


async def test_posts_are_taken_beside_an_endless_query(settings: Settings, tmp_path: Path) -> None:
    folder = publish(tmp_path / "warehouse")
    async with (
        world_of(settings) as world,
        client_of(world) as client,
        serving(settings, tmp_path) as api,
        endless_insight(settings, folder, tmp_path / "insight.log") as (url, child),
    ):
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == NICE
        queries = asyncio.gather(*(asked(client, url, name) for name in (ENDLESS, *BESIDE)))
        posted = 0
        while not queries.done():
            told = await client.post(api.url, body(transaction_id=f"beside-{posted:06}"))
            assert told.status == 202
            posted += 1
        endless, *others = await queries
        assert posted > 1
        assert (endless["status"], endless["code"]) == (503, "query_too_long")
        assert "was ended" in endless["detail"]
        assert [other["id"] for other in others] == list(BESIDE)


async def asked(client: Client, url: str, name: str) -> dict[str, Any]:
    """What a question is answered."""
    async with client.session.get(f"{url}/insight/questions/{name}", headers=client.headers) as answer:
        document: dict[str, Any] = await answer.json(content_type=None)
        return document
