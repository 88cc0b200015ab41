"""Writes that may have an `Idempotency-Key`: a retry gets the first answer, and does nothing a second time."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request
from starlette.responses import Response

from txn_api.access.principal import Principal
from txn_api.edge.headers import RawHeaders
from txn_api.services import Services
from txn_api.writes.idempotency import REPLAYED, StoredReply
from txn_api.writes.idempotency_key import idempotency_key
from txn_core.idempotency import Fingerprints

_REQUEST_CHARS: Final = 32
Act = Callable[[str | None], Awaitable[bytes]]
"""Does the work, given what the request is known by if it has a key, and gives the answer's body."""


async def once(
    services: Services, request: Request, principal: Principal, *, operation: str, body: bytes, act: Act
) -> StoredReply:
    """The answer of `act`, or of the first request of the same key, which is bound to `body`.

    Raises:
        Problem: `idempotency_key_malformed`, `_reused` or `_in_flight`, or what `act` raised.
    """
    key = idempotency_key(request.scope, RawHeaders.of(request.scope))
    if key is None:
        return StoredReply(await act(None), replayed=False)
    known_by = Fingerprints.of(services.keys).record_id(principal.account, operation, key)[:_REQUEST_CHARS]
    return await services.idempotency.once(principal.account, operation, key, body, lambda: act(known_by))


def answer(reply: StoredReply, headers: dict[str, str] | None = None) -> Response:
    """The answer as JSON, which says if it was given before."""
    replayed = {name.decode(): value.decode() for name, value in [REPLAYED]} if reply.replayed else {}
    return Response(
        reply.body,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **replayed, **(headers or {})},
    )
