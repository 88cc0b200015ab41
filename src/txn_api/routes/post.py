"""`POST /transactions`: one transaction, acknowledged only when it is durably on the stream.

This is the path that every terminal takes, so it is a raw route: a plain ASGI callable, without the machinery that
the other operations are worth.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from starlette.types import Receive, Scope, Send

from txn_api.access.standing import Standing
from txn_api.edge.buffered_request import BufferedRequest, messages
from txn_api.edge.edge import Edge
from txn_api.edge.headers import RawHeaders
from txn_api.edge.query_checks import refuse_card_numbers
from txn_api.edge.raw_route import RawRoute
from txn_api.openapi import operations, response_headers
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
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
    TooManyCardsOfMask,
    ValidationFailed,
)
from txn_api.resource import Resource, Schemas, Tag
from txn_api.schemas import (
    EXAMPLE_ACCEPTED_AT,
    EXAMPLE_IDS,
    EXAMPLE_PLACE,
    CardIdText,
    CustomerIdText,
    InstantText,
    MerchantIdText,
    SequenceNumberText,
    Shape,
    ShardIdText,
    TransactionIdText,
    example_transaction,
)
from txn_api.services import Services
from txn_api.writes.acknowledgement import ACCEPTED, accepted, head_of, problem_of
from txn_api.writes.bodies import JSON, IncomingBody, check_type, source
from txn_api.writes.buffered_posts import BufferedPost
from txn_api.writes.idempotency import REPLAYED, StoredReply
from txn_api.writes.idempotency_key import IDEMPOTENCY_KEY, PARAMETER, idempotency_key
from txn_core.api_keys import Scope as ApiScope
from txn_core.exceptions import ProducerError
from txn_core.transactions.event import EncodedEvent
from txn_core.transactions.transaction import TransactionRequest

_SCOPE: Final[ApiScope] = "transactions:write"
_JSON: Final = b"application/json"
_UNUSUAL: Final = frozenset({b"content-encoding", IDEMPOTENCY_KEY})
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


class Accepted(Shape):
    """The acknowledgement of a transaction that is durably on the stream."""

    transaction_id: TransactionIdText
    card_id: CardIdText
    customer_id: CustomerIdText
    merchant_id: MerchantIdText
    status: Literal["accepted"]
    accepted_at: InstantText
    shard_id: ShardIdText
    sequence_number: SequenceNumberText


async def post_transaction(scope: Scope, receive: Receive, send: Send) -> None:
    """Validate a transaction, give it its ids and put it on the stream.

    202 is sent only after the stream returned a sequence number for this very transaction. Sending the same
    transaction again is always safe.
    """
    services: Services = scope["app"].state.services
    settings, gate, headers = services.settings, services.gate, RawHeaders.of(scope)
    # What need not be waited for is done without a coroutine: each costs as much as what is done in it.
    principal = gate.admit_at_once(scope, headers, _SCOPE) or await gate.admit(scope, receive, headers, _SCOPE)
    if query_string := scope["query_string"]:
        refuse_card_numbers(query_string)
    if headers.find(b"content-type") != _JSON or headers.find(b"content-encoding") is not None:
        check_type(headers, JSON)
    incoming = IncomingBody(source(scope, receive), settings.body_bytes_max)
    if not incoming.has_arrived():
        await incoming.arrive(settings.body_deadline_s)
        # The body may have come long after the head that the key was checked with.
        principal = await gate.standing(scope, principal, _SCOPE).renew()
    body = incoming.whole()
    key, replayed = idempotency_key(scope, headers), False
    try:
        if key is None:
            post = services.posts.add(scope, body, principal)
            try:
                landing, event = await post.landing, post.event
            finally:
                del post  # or a refusal, its traceback, this frame and the post would keep each other
            assert event is not None  # noqa: S101 - what has landed was admitted
            answer = accepted(event, landing)
        else:
            standing = gate.standing(scope, principal, _SCOPE)
            event, (answer, replayed) = await _once(services, scope, body, standing, key)
    except ProducerError as error:
        raise problem_of(error) from None
    head = head_of(event)
    if replayed:
        head.append(REPLAYED)
    for message in messages(ACCEPTED, head, answer):
        await send(message)


def take_all(edge: Edge, requests: Sequence[BufferedRequest]) -> None:
    """The same for the requests of a turn whose bodies are there, each step of all of them in a row.

    What has to be waited for, but for the landing, goes the way above.
    """
    services: Services = requests[0].scope["app"].state.services
    begun = [post for request in requests if (post := _begun(edge, request, services)) is not None]
    services.posts.hand_over(begun)


def _begun(edge: Edge, request: BufferedRequest, services: Services) -> BufferedPost | None:
    """The post of a request that has begun; none of one that goes its own way."""
    scope = request.scope
    headers = RawHeaders.of(scope)
    principal = None
    is_usual = headers.find(b"content-type") == _JSON and not headers.has_any(_UNUSUAL)
    if edge.admits(scope) and (is_usual or headers.find(IDEMPOTENCY_KEY) is None):
        try:
            principal = services.gate.admit_at_once(scope, headers, _SCOPE)
            if principal is not None and not is_usual:
                check_type(headers, JSON)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this request's
            # Not kept in a name: it and this frame would keep each other, a circle a refusal.
            edge.fail(error, request, edge.begin(scope, request.send))
            return None
    if principal is None:
        request.begin(scope["app"])
        return None
    context = edge.begin(scope, request.send)
    body = request.buffered_body()
    if body is None or len(body) > services.settings.body_bytes_max:
        edge.fail(BodyTimeout() if body is None else BodyTooLarge(), request, context)
        return None
    return BufferedPost(request, body, principal, edge, context)


async def _once(
    services: Services, scope: Scope, body: bytes, standing: Standing, key: str
) -> tuple[EncodedEvent, StoredReply]:
    """The event of a body, and the acknowledgement that the first request of this key got.

    The key is bound to the bytes as they were sent, byte order mark and all.
    """
    principal = standing.principal
    event = await services.posts.admit(scope, body, principal, idempotency_key=key)

    async def put() -> bytes:
        await standing.check()  # the table of keys may have been waited for
        return accepted(event, await services.producer.put(event.card_id, event.data))

    answer = await services.idempotency.once(principal.account, "POST /transactions", key, body, put)
    if answer.replayed:
        await standing.check()
    return event, answer


TAG: Final = Tag("transactions", "Send and look up transactions.")
_ROUTE: Final = RawRoute(
    "/transactions",
    post_transaction,
    take_all=take_all,
    methods=["POST"],
    tags=[TAG.name],
    operation_id="postTransaction",
    summary="Send one transaction",
    status_code=202,
    responses={
        202: operations.answer(
            "Accepted", "Durably on the stream.", own_headers=("Location", "Idempotent-Replayed"), links=_LINKS
        ),
        **operations.problems(
            MalformedJson,
            BodyTimeout,
            BodyTooLarge,
            MediaTypeUnsupported,
            ContentEncodingUnsupported,
            ValidationFailed,
            CardNumberMisplaced,
            TerminalForbidden,
            IdRequired,
            IdempotencyKeyMalformed,
            IdempotencyKeyInFlight,
            IdempotencyKeyReused,
            TooManyCardsOfMask,
            NotStored,
            OutcomeUnknown,
        ),
    },
    openapi_extra={
        "parameters": [PARAMETER],
        **operations.request_body("TransactionRequest"),
        **operations.needs("transactions:write"),
    },
)

_REQUEST: Final = example_transaction()
MINIMAL: Final[dict[str, Any]] = {
    **{name: _REQUEST[name] for name in ("transaction_id", "card_number", "amount_minor", "currency", "occurred_at")},
    "merchant": {"name": _REQUEST["merchant"]["name"]},
}
REFUND: Final[dict[str, Any]] = {
    **MINIMAL,
    "transaction_id": "refund-of-0b242abb623afc57",
    "type": "refund",
    "original_transaction_id": _REQUEST["transaction_id"],
}


def _complete(schemas: Schemas) -> Schemas:
    return schemas | {"TransactionRequest": schemas["TransactionRequest"] | {"examples": [_REQUEST]}}


resource: Final = Resource(
    tag=TAG,
    raw_routes=(_ROUTE,),
    shapes=(TransactionRequest, Accepted),
    complete=_complete,
    examples={
        "TransactionRequest": {"complete": _REQUEST, "minimal": MINIMAL, "refund": REFUND},
        "Accepted": {
            "accepted": {
                "transaction_id": _REQUEST["transaction_id"],
                **EXAMPLE_IDS,
                "status": "accepted",
                "accepted_at": EXAMPLE_ACCEPTED_AT,
                **EXAMPLE_PLACE,
            }
        },
    },
    headers={
        "Location": response_headers.header(
            "Where the transaction can be read, about a second later.",
            "/transactions/0b242abb623afc578575680df30655b9",
            pattern="^/transactions/[A-Za-z0-9_-]{6,64}$",
            length_max=78,
        ),
        "Idempotent-Replayed": {
            "description": "`true` when this is the first answer to the same `Idempotency-Key`, given once more.",
            "schema": {"type": "string", "enum": ["true"]},
            "example": "true",
        },
    },
)
