"""The application behind a connection under test: ours, on a stream in memory whose records can go wrong."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

import httpx
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from tests.builders import base64_key
from tests.support.fake_kinesis import FakeKinesis, Fate, Reply
from tests.txn_api.conftest import AppFixture, _producer, _services, producing
from txn_api.app import create_app
from txn_api.edge.buffered_request import BufferedRequest, enter
from txn_api.services import Services
from txn_core import api_keys
from txn_core.api_keys import SCOPES, ApiKey, KeyId
from txn_core.quotas import UNLIMITED
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now

LOST: Final = b"-lost"
"""A transaction whose id ends so is refused by the stream: 503 `not_stored`."""
DOUBTED: Final = b"-doubt"
"""Is stored, and nobody hears of it: 503 `outcome_unknown`."""
UNHEARD: Final = b"-maybe"
"""Is not stored, and nobody hears of it: 503 `outcome_unknown`."""
SILENCE_S: Final = 60.0
BODY_DEADLINE_S: Final = 10.0
KNOWN_S: Final = 86_400.0
"""How long a key stays known: two applications that are compared know the same keys, however slow the machine is."""
_ID: Final = re.compile(rb'"transaction_id":"([^"]*)"')


class FatefulKinesis(FakeKinesis):
    """Decides by the id of a transaction what becomes of the call that carries it."""

    async def put_records(self, *, StreamName: str, Records: Any) -> dict[str, Any]:  # noqa: N803 - AWS' names
        data = b"".join(entry["Data"] for entry in Records)
        if LOST in data:
            self._script = iter([Reply(fates=[Fate.REFUSED] * len(Records))])
        if UNHEARD in data:
            await asyncio.sleep(SILENCE_S)
        answer = await super().put_records(StreamName=StreamName, Records=Records)
        if DOUBTED in data:
            await asyncio.sleep(SILENCE_S)
        return answer


class Recorded(NamedTuple):
    """The head of a request as its application was told of it."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    fields: tuple[tuple[bytes, bytes], ...]


class Recording:
    """Takes down what a server tells an application, and passes it on; ours may offer a whole request."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.heads: list[Recorded] = []

    def take(self, request: BufferedRequest) -> bool:
        taken: bool = cast("Any", self._app).take(request)
        if taken:
            self._record(request.scope)
        return taken

    def knows(self, scope: Scope) -> bool:
        known: bool = cast("Any", self._app).knows(scope)
        return known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        enter(self, scope)
        self._record(scope)
        await self._app(scope, receive, send)

    def _record(self, scope: Scope) -> None:
        fields = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
        head = Recorded(scope["method"], scope["path"], scope["raw_path"], scope["query_string"], fields)
        self.heads.append(head)


@dataclass
class Site:
    """A started application, its stream, and what stands before it."""

    app: FastAPI
    kinesis: FakeKinesis
    front: Recording

    @property
    def stored(self) -> list[bytes]:
        """The ids of the transactions that the stream holds, in order; one that was sent again may stand twice."""
        return [match[1] for data in self.kinesis.data if (match := _ID.search(data)) is not None]

    def clear(self) -> None:
        """Go on with an empty stream and an idle producer."""
        self.kinesis, self.front.heads = FatefulKinesis(), []
        services: Services = self.app.state.services
        producer = _producer(self.kinesis, deadline_s=services.settings.request_deadline_s)
        self.app.state.services = producing(services, producer)


def site(**settings: object) -> Site:
    """An application in the running event loop; each knows the same two API keys."""
    made = Settings.model_validate(
        {
            "card_keys": {1: base64_key(1)},
            "identity_key": base64_key(2),
            "cursor_key": base64_key(3),
            "body_deadline_s": BODY_DEADLINE_S,
            "api_key_cache_s": KNOWN_S,
            **settings,
        }
    )
    app = create_app(made)
    desk = AppFixture(app, httpx.AsyncClient(), FatefulKinesis())
    app.state.services = _services(desk, made)
    desk.keys |= {_WRITER.key_id: _WRITER, _READER.key_id: _READER}
    return Site(app, desk.kinesis, Recording(app))


def _key(number: int, *scopes: api_keys.Scope) -> tuple[ApiKey, bytes]:
    """A key that is the same in each run, and the header field that presents it."""
    key_id, secret = KeyId(f"{number:016x}"), f"{number:064x}"
    digest = hashlib.sha256(secret.encode()).hexdigest()
    kept = ApiKey(key_id, digest, Account("acme"), frozenset(scopes), "", now(), limits=UNLIMITED)
    return kept, f"Authorization: Bearer txn_{key_id}_{secret}".encode()


_WRITER, WRITER = _key(1, *SCOPES)
_READER, READER = _key(2, "transactions:read")
