"""The service over published files of made-up facts, called in process; its keys are in memory."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from insight.http.app import create_insight
from insight.http.application import InsightApp
from insight.http.services import Asked, InsightServices, gate, insight_services
from tests.builders import base64_key
from tests.txn_api.contract import Contract
from tests.warehouse.questions.star_schema import facts, statements
from txn_core.api_keys import ApiKey, KeyId, Scope, mint
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from warehouse.questions.catalogue import Question

ORIGIN = "http://127.0.0.1:8080"
_STARS: dict[int, bytes] = {}
RUN = """create schema meta;
create table meta.run as select '{run}' as run_id, timestamp '2025-03-10 12:00:00' as "at", {load} as to_load_id"""


def publish(folder: Path, *, run: str = "run-1", load: int = 1, count: int = 200) -> Path:
    """Put files of a build in the place of those that are there."""
    folder.mkdir(exist_ok=True)
    fresh = folder / f"{run}.new"
    fresh.write_bytes(_star(folder.parent, count))
    with duckdb.connect(fresh) as database:
        database.execute(RUN.format(run=run, load=load))
    fresh.replace(folder / "warehouse.duckdb")
    return folder


def _star(place: Path, count: int) -> bytes:
    """A file with the star schema over so many facts, made once."""
    if count not in _STARS:
        file = place / f"{count}.duckdb"
        with duckdb.connect(file) as database:
            for statement in statements(facts(count, 1)):
                database.execute(statement)
        _STARS[count] = file.read_bytes()
        file.unlink()
    return _STARS[count]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of published files that no test changes."""
    return publish(tmp_path_factory.mktemp("insight"))


@dataclass
class Service:
    """The service, and a client that holds a key with the scope."""

    app: InsightApp
    client: httpx.AsyncClient
    services: InsightServices
    overdue: list[str]
    keys: dict[KeyId, ApiKey] = field(default_factory=dict)

    def key(self, *scopes: Scope) -> dict[str, str]:
        """The header of a new key."""
        kept, presented = mint(account=Account("acme"), scopes=scopes)
        self.keys[kept.key_id] = kept
        return {"Authorization": f"Bearer {presented}"}

    async def find(self, key_id: KeyId) -> ApiKey | None:
        """A key by its id."""
        return self.keys.get(key_id)

    async def answer(self, question: str, **parameters: str) -> dict[str, Any]:
        """The JSON answer to a question."""
        response = await self.client.get(f"/insight/questions/{question}", params=parameters)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def count(self, name: str, **labels: str) -> float:
        """A metric of the service."""
        return self.app.state.registry.get_sample_value(name, labels) or 0.0


@cache
def contract() -> Contract:
    """The document of the service, which every answer is held against."""
    return Contract(create_insight(Settings(), Asked(Path(), print)))


@asynccontextmanager
async def serving(
    folder: Path, questions: Sequence[Question] | None = None, **settings: object
) -> AsyncIterator[Service]:
    """The service over a folder, with other settings or other questions."""
    made = Settings.model_validate({"identity_key": base64_key(2), "insight_origin": ORIGIN, **settings})
    overdue: list[str] = []
    asked = Asked(folder, overdue.append, questions)
    app = create_insight(made, asked)
    service: Service

    async def find(key_id: KeyId) -> ApiKey | None:
        return await service.find(key_id)

    registry = app.state.registry
    async with insight_services(made, asked, registry, gate(made, find, registry), {}) as services:
        app.state.services = services
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        hooks = {"response": [contract().check]}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://insight.test", event_hooks=hooks
        ) as client:
            service = Service(app, client, services, overdue)
            client.headers.update(service.key("insight:read"))
            yield service


@pytest.fixture
async def service(own_environment: pytest.MonkeyPatch, published: Path) -> AsyncIterator[Service]:
    """The service over the files that no test changes."""
    async with serving(published) as made:
        yield made


@pytest.fixture
def database(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published files, to be asked past the service."""
    with duckdb.connect(published / "warehouse.duckdb", read_only=True) as opened:
        yield opened
