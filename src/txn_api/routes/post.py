"""`POST /transactions`: one transaction, acknowledged only when it is durably on the stream.

This is the path that every terminal takes, so it is a raw route: a plain ASGI callable, without the machinery that
the other operations are worth.
"""

from typing import Final

from starlette.types import Receive, Scope, Send

from txn_api import openapi
from txn_api.acknowledgement import accepted, problem_of
from txn_api.bodies import JSON, body_at_once, check_type, read_whole, source
from txn_api.headers import RawHeaders
from txn_api.idempotency import REPLAYED, Answer
from txn_api.idempotency_key import PARAMETER, idempotency_key
from txn_api.principal import Principal
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    ContentEncodingUnsupported,
    IdempotencyKeyInFlight,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    IdRequired,
    MalformedJson,
    MediaTypeUnsupported,
    NotStored,
    OutcomeUnknown,
    TerminalForbidden,
    ValidationFailed,
)
from txn_api.raw_route import RawRoute
from txn_api.services import Services
from txn_api.surroundings import surroundings_of_scope
from txn_api.whole_answer import answer_at_once, messages
from txn_core.api_keys import Scope as ApiScope
from txn_core.errors import ProducerError
from txn_core.event import EncodedEvent

_OPERATION: Final = "POST /transactions"
_SCOPE: Final[ApiScope] = "transactions:write"
_REFUSALS = (
    MalformedJson,
    BodyTimeout,
    BodyTooLarge,
    MediaTypeUnsupported,
    ContentEncodingUnsupported,
    ValidationFailed,
    TerminalForbidden,
    IdRequired,
    IdempotencyKeyMalformed,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    NotStored,
    OutcomeUnknown,
)

_LINKS = {
    "transaction": {
        "operationId": "getTransaction",
        "parameters": {"transaction_id": "$response.body#/transaction_id"},
        "description": "The transaction, once it is indexed.",
    },
    "card": {
        "operationId": "listTransactions",
        "parameters": {"card_id": "$response.body#/card_id"},
        "description": "All of the card's transactions.",
    },
}


async def post_transaction(scope: Scope, receive: Receive, send: Send) -> None:
    """Validate a transaction, give it its ids and put it on the stream.

    202 is sent only after the stream returned a sequence number for this very transaction. Sending the same
    transaction again is always safe.
    """
    services: Services = scope["app"].state.services
    settings, gate, headers = services.settings, services.gate, RawHeaders.of(scope)
    # What need not be waited for is done without a coroutine: each costs as much as what is done in it.
    principal = gate.admit_at_once(scope, headers, _SCOPE) or await gate.admit(scope, receive, headers, _SCOPE)
    if headers.find(b"content-type") != b"application/json" or headers.find(b"content-encoding") is not None:
        check_type(headers, JSON)
    body = body_at_once(source(scope, receive))
    if body is None:
        body = await read_whole(
            source(scope, receive), bytes_max=settings.body_bytes_max, deadline_s=settings.body_deadline_s
        )
    elif len(body) > settings.body_bytes_max:
        raise BodyTooLarge
    key, replayed = idempotency_key(scope, headers), False
    try:
        if key is None:
            post = services.posts.add(scope, body, account=principal.account, terminal_ids=principal.terminal_ids)
            landing, event = await post.landing, post.event
            assert event is not None  # noqa: S101 - what has landed was admitted
            answer = accepted(event, landing)
        else:
            event, (answer, replayed) = await _once(services, scope, body, principal, key)
    except ProducerError as error:
        raise problem_of(error) from None
    head = [
        (b"content-type", b"application/json"),
        (b"location", b"/transactions/" + event.transaction_id.encode()),
        (b"cache-control", b"no-store"),
    ]
    if replayed:
        head.append(REPLAYED)
    if not answer_at_once(send, 202, head, answer):
        for message in messages(202, head, answer):
            await send(message)


async def _once(
    services: Services, scope: Scope, body: bytes, principal: Principal, key: str
) -> tuple[EncodedEvent, Answer]:
    """The event of a body, and the acknowledgement that the first request of this key got."""
    account = principal.account
    event = services.intake.admit(
        body,
        account=account,
        surroundings=surroundings_of_scope(scope),
        idempotency_key=key,
        terminal_ids=principal.terminal_ids,
    )

    async def put() -> bytes:
        return accepted(event, await services.producer.put(event.card_id, event.data))

    return event, await services.idempotency.once(account, _OPERATION, key, body, put)


route = RawRoute(
    "/transactions",
    post_transaction,
    methods=["POST"],
    tags=["transactions"],
    operation_id="postTransaction",
    summary="Send one transaction",
    status_code=202,
    responses={
        202: openapi.answer(
            "Accepted", "Durably on the stream.", own_headers=("Location", "Idempotent-Replayed"), links=_LINKS
        ),
        **openapi.problems(*_REFUSALS),
    },
    openapi_extra={
        "parameters": [PARAMETER],
        **openapi.request_body("TransactionRequest"),
        **openapi.needs("transactions:write"),
    },
)
