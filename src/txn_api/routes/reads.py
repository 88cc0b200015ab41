"""The look-ups: one transaction by id; a card's or a merchant's by time, in the URL or in a body."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from txn_api import openapi
from txn_api.auth import Principal, requires
from txn_api.bodies import read_body
from txn_api.cursors import CURSOR_CHARS_MAX
from txn_api.documents import document, page
from txn_api.problems import (
    AccountForbidden,
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    ContentEncodingUnsupported,
    CursorInvalid,
    MalformedJson,
    MediaTypeUnsupported,
    ParameterInvalid,
    RangeReversed,
    TransactionNotFound,
)
from txn_api.services import Services
from txn_api.stores import store_reads
from txn_api.surroundings import surroundings
from txn_core.dynamodb.ranges import RangeQuery, SortKey, Span
from txn_core.faults import CONTROL_FREE_PATTERN, ID_PATTERN, Fault, fault_of
from txn_core.identity import ACCOUNT_PATTERN, CARD_ID_PATTERN, Account, CardId, TransactionId
from txn_core.instants import Instant, parse_instant
from txn_core.misplaced import CODE, surroundings_of
from txn_core.pan import Pan, holds_card_number
from txn_core.positions import WriteOrder
from txn_core.transaction import FAULTS_MAX

router = APIRouter(tags=["transactions"])

_ID = re.compile(ID_PATTERN)
_RANGE_PROBLEMS = (RangeReversed, CursorInvalid, AccountForbidden)
_BODY_PROBLEMS = (MalformedJson, BodyTooLarge, BodyTimeout, MediaTypeUnsupported, ContentEncodingUnsupported)
Moment = Annotated[
    Instant, AfterValidator(parse_instant), Field(json_schema_extra={"format": "date-time"}, max_length=35)
]


class NotAnOperation(StringConvertor):
    """A step of a path that names no operation beside it: `GET /transactions/bulk` is a 405, not a look-up."""

    regex = "(?!bulk$|search$)[^/]+"


register_url_convertor("not_an_operation", NotAnOperation())


class AccountParameter(BaseModel):
    """Whose transactions are read."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    account: Account | None = Field(None, pattern=ACCOUNT_PATTERN, description="Another account, if granted.")


class RangeParameters(AccountParameter):
    """What a range of transactions is asked for by: exactly one of card_number, card_id and merchant_name."""

    card_number: Pan | None = Field(None, description="Needs the scope cards:lookup.")
    card_id: CardId | None = Field(None, pattern=CARD_ID_PATTERN)
    merchant_name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=CONTROL_FREE_PATTERN,
        description="Casing and spacing do not matter.",
    )
    start: Moment | None = Field(None, alias="from", description="Earliest occurred_at, inclusive.")
    end: Moment | None = Field(None, alias="to", description="Latest occurred_at, exclusive.")
    order: Literal["desc", "asc"] = "desc"
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=CURSOR_CHARS_MAX)


@router.get(
    "/transactions",
    operation_id="listTransactions",
    summary="List a card's or a merchant's transactions",
    response_class=Response,
    responses={
        200: openapi.answer("TransactionList", "One page, in the order asked for."),
        **openapi.problems(*_RANGE_PROBLEMS),
    },
    openapi_extra=openapi.needs("transactions:read"),
)
async def list_transactions(
    request: Request,
    parameters: Annotated[RangeParameters, Query()],
    principal: Annotated[Principal, requires("transactions:read")],
) -> Response:
    """List transactions between `from` (inclusive) and `to` (exclusive), newest first unless `order=asc`.

    A client that keeps card numbers out of URLs uses `POST /transactions/search`.
    """
    return await _answer_range(request, parameters, principal, surroundings(request, besides="card_number"))


@router.post(
    "/transactions/search",
    operation_id="searchTransactions",
    summary="List transactions, with the card number in the body",
    response_class=Response,
    responses={
        200: openapi.answer("TransactionList", "One page, in the order asked for."),
        **openapi.problems(*_BODY_PROBLEMS, *_RANGE_PROBLEMS),
    },
    openapi_extra=openapi.request_body("RangeParameters") | openapi.needs("transactions:read", "cards:lookup"),
)
async def search_transactions(
    request: Request, principal: Annotated[Principal, requires("transactions:read", "cards:lookup")]
) -> Response:
    """Answer the same reads as `GET /transactions` to a query that stands in the body."""
    services: Services = request.app.state.services
    settings = services.settings
    body = await read_body(
        request.headers, request.receive, bytes_max=settings.body_bytes_max, deadline_s=settings.body_deadline_s
    )
    try:
        # Strict, as every body is: only a URL has to write numbers as text.
        parameters = RangeParameters.model_validate_json(body, strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        if details[0]["type"] == "json_invalid":
            raise MalformedJson from None
        raise ParameterInvalid(list(dict.fromkeys(map(fault_of, details)))[:FAULTS_MAX]) from None
    if parameters.merchant_name is not None and holds_card_number(parameters.merchant_name):
        raise CardNumberMisplaced([Fault("/merchant_name", CODE)])
    texts = [parameters.merchant_name or "", parameters.cursor or "", parameters.account or ""]
    around = f"{surroundings(request)}x{surroundings_of(texts)}"
    return await _answer_range(request, parameters, principal, around)


@router.get(
    "/transactions/{transaction_id:not_an_operation}",
    operation_id="getTransaction",
    summary="Get one transaction",
    response_class=Response,
    responses={
        200: openapi.answer("Transaction", "The transaction as it was first accepted."),
        **openapi.problems(TransactionNotFound, AccountForbidden),
    },
    openapi_extra=openapi.needs("transactions:read"),
)
async def get_transaction(
    request: Request,
    transaction_id: str,
    principal: Annotated[Principal, requires("transactions:read")],
    parameters: Annotated[AccountParameter, Query()],
) -> Response:
    """Get one transaction by its id, read consistently; 404 until the index has it, about a second."""
    services: Services = request.app.state.services
    if not _ID.fullmatch(transaction_id):
        raise TransactionNotFound
    async with store_reads():
        found = await services.transactions.get(principal.reads(parameters.account), TransactionId(transaction_id))
    if found is None:
        raise TransactionNotFound
    return _json(document(found.event, found.conflicts).encode())


async def _answer_range(request: Request, parameters: RangeParameters, principal: Principal, around: str) -> Response:
    services: Services = request.app.state.services
    if parameters.card_number is not None:
        principal.require("cards:lookup")
        if parameters.card_number.digits_for_identity() in around:
            raise CardNumberMisplaced([Fault("", CODE)])
    if parameters.start and parameters.end and parameters.start > parameters.end:
        raise RangeReversed([Fault("/from", "range_reversed")])
    account = principal.reads(parameters.account)
    query = _query(services, account, parameters)
    identity = (query.index, *query.partitions, parameters.start or "", parameters.end or "", parameters.order)
    after = None if parameters.cursor is None else SortKey(services.cursors.read(identity, parameters.cursor))
    async with store_reads():
        found = await services.transactions.page(query.behind(after))
    documents = [document(row.event, map(WriteOrder, row.conflicts)) for row in found.rows]
    cursor = services.cursors.make(identity, found.rows[-1].sort) if found.has_more else None
    return _json(page(documents, has_more=found.has_more, next_cursor=cursor))


def _query(services: Services, account: Account, parameters: RangeParameters) -> RangeQuery:
    """The range that was asked for, from its beginning.

    Raises:
        ParameterInvalid: none or several of the three selectors were given.
    """
    selectors = (parameters.card_number, parameters.card_id, parameters.merchant_name)
    if sum(selector is not None for selector in selectors) != 1:
        raise ParameterInvalid([Fault("", "selector_required")])
    span = Span(parameters.start, parameters.end, parameters.order == "desc", None, parameters.limit)
    if parameters.merchant_name is not None:
        merchant_id = services.keys.merchant_id(parameters.merchant_name)
        return services.transactions.by_merchant(account, merchant_id, span)
    if parameters.card_number is not None:
        return services.transactions.by_card(account, services.keys.card_ids(parameters.card_number), span)
    assert parameters.card_id is not None  # noqa: S101 - one of the three is there
    return services.transactions.by_card(account, (parameters.card_id,), span)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
