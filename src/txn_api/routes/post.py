"""`POST /transactions`: one transaction, acknowledged only when it is durably on the stream.

This is the path that every terminal takes, so it is a raw route: a plain ASGI callable, without the machinery that
the other operations are worth.
"""

from starlette.types import Receive, Scope, Send

from txn_api import openapi
from txn_api.acknowledgement import accepted, problem_of
from txn_api.bodies import read_body
from txn_api.headers import RawHeaders
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    ContentEncodingUnsupported,
    IdRequired,
    MalformedJson,
    MediaTypeUnsupported,
    NotStored,
    OutcomeUnknown,
    ValidationFailed,
)
from txn_api.raw_route import RawRoute
from txn_api.services import Services
from txn_core.errors import ProducerError

_REFUSALS = (
    MalformedJson,
    BodyTimeout,
    BodyTooLarge,
    MediaTypeUnsupported,
    ContentEncodingUnsupported,
    ValidationFailed,
    IdRequired,
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
    settings, headers = services.settings, RawHeaders(scope)
    principal = await services.authenticator.principal(headers)
    principal.require("transactions:write")
    body = await read_body(headers, receive, bytes_max=settings.body_bytes_max, deadline_s=settings.body_deadline_s)
    # An empty key would give all who send it the same id.
    post = services.posts.add(
        scope, body, account=principal.account, idempotency_key=headers.get("idempotency-key", "") or None
    )
    try:
        landing = await post.landing
    except ProducerError as error:
        raise problem_of(error) from None
    event = post.event
    assert event is not None  # noqa: S101 - what has landed was admitted
    answer = accepted(event, landing)
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(answer)),
        (b"location", b"/transactions/" + event.transaction_id.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 202, "headers": head})
    await send({"type": "http.response.body", "body": answer})


route = RawRoute(
    "/transactions",
    post_transaction,
    methods=["POST"],
    tags=["transactions"],
    operation_id="postTransaction",
    summary="Send one transaction",
    status_code=202,
    responses={
        202: openapi.answer("Accepted", "Durably on the stream.", own_headers=("Location",), links=_LINKS),
        **openapi.problems(*_REFUSALS),
    },
    openapi_extra=openapi.request_body("TransactionRequest") | openapi.needs("transactions:write"),
)
