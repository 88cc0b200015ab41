"""The look-ups: one transaction by id; a card's or a merchant's by time, in the URL or in a body."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal, NamedTuple
from urllib.parse import urlencode

import structlog
from fastapi import Header, Query, Request
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, from_json
from starlette.responses import Response

from txn_api.access.auth import Principal, requires
from txn_api.access.standing import Standing
from txn_api.edge.query_checks import each_once, searched
from txn_api.edge.request_text import request_text
from txn_api.openapi import operations
from txn_api.problems import (
    AccountForbidden,
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    ContentEncodingUnsupported,
    CursorInvalid,
    MalformedJson,
    MediaTypeUnsupported,
    NotAcceptable,
    ParameterInvalid,
    RangeReversed,
    ScopeMissing,
    StoreUnavailable,
    TooManyCardsOfMask,
    TransactionNotFound,
)
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.reads.entity_tags import TAGS_CHARS_MAX, matches, tag_of
from txn_api.reads.fields import Fields, names_personal, selection_of
from txn_api.reads.filters import FilterParameters, rows_of
from txn_api.reads.negotiation import Form, form_of
from txn_api.reads.relations import SUMMED_MAX, Relations, relations_of
from txn_api.reads.renderings import Rendering
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes import transaction_shapes
from txn_api.routes.post import TAG
from txn_api.routes.transaction_shapes import Conflict, Risk, TransactionList
from txn_api.schemas import Parameters
from txn_api.services import Service, Services
from txn_api.stores import STORE_ERRORS, store_reads
from txn_api.writes.fair_memory import ROW_BYTES
from txn_api.writes.json_bodies import JsonBody
from txn_core.api_keys import Scope
from txn_core.aws.errors import code_of
from txn_core.card_numbers.card_number_search import CODE, request_text_of
from txn_core.card_numbers.free_text_fields import A_TIME, AN_ID
from txn_core.card_numbers.issuer_ranges import IssuerRanges
from txn_core.card_numbers.pan import CardDigits, Pan
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.filtered_pages import ROWS_EXAMINED_MAX
from txn_core.dynamodb.ranges import RangeQuery, Row, SortKey, Span
from txn_core.dynamodb.review.scores import ScoreItem, score_of
from txn_core.dynamodb.transactions import StoredTransaction
from txn_core.exceptions import StoredEventError, StoreError
from txn_core.transactions.event import Event
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, ID_PATTERN, Fault
from txn_core.transactions.identity import ACCOUNT_PATTERN, CARD_ID_PATTERN, Account, CardId, TransactionId
from txn_core.transactions.instants import Instant, parse_end, parse_start

_ID = re.compile(ID_PATTERN)
_RANGE_PROBLEMS = (
    *(RangeReversed, CursorInvalid, AccountForbidden, NotAcceptable, CardNumberMisplaced),
    TooManyCardsOfMask,
)
PAGE_WAIT_S_MAX: Final = 5.0
BESIDE_S_MAX: Final = 1.0
"""How long a look-up waits for what is told beside the transaction: its score, and what refers to it."""
_log = structlog.get_logger()
# Card data is kept by nobody on the way (ADR 17).
UNCACHED: Final = {"Cache-Control": "no-store", "Vary": "Accept"}
_A_TIME: Final = Field(json_schema_extra={"format": "date-time"}, max_length=35)
Start = Annotated[Instant, AfterValidator(parse_start), _A_TIME, A_TIME]
End = Annotated[Instant, AfterValidator(parse_end), _A_TIME, A_TIME]


class _Related(NamedTuple):
    """What refers to a transaction, and whether that is all."""

    rows: Sequence[Row]
    is_all: bool


class ReadParameters(Parameters):
    """Whose transactions are read, and what of them."""

    account: Account | None = Field(None, pattern=ACCOUNT_PATTERN, description="Another account, if granted.")
    fields: Fields | None = None

    def rendering(self, request: Request, principal: Principal) -> Rendering:
        """How the answer is written, and what of it the caller may see.

        Raises:
            NotAcceptable: not in a form that the client takes.
            ScopeMissing: a field is named that needs `customer:read`.
        """
        accept, shows_customer = ",".join(request.headers.getlist("accept")), "customer:read" in principal.scopes
        if not shows_customer and self.fields is not None and names_personal(self.fields):
            raise ScopeMissing([Fault("/fields", "customer_scope_required")])
        selection = None if self.fields is None else selection_of(self.fields)
        return Rendering(form_of(accept), selection, shows_customer)


class RangeParameters(FilterParameters, ReadParameters):
    """What a range of transactions is asked for by: exactly one of card_number, card_id and merchant_name."""

    card_number: CardDigits | None = Field(None, description="Needs the scope cards:lookup.")
    card_id: Annotated[CardId | None, AN_ID] = Field(None, pattern=CARD_ID_PATTERN)
    merchant_name: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=CONTROL_FREE_PATTERN,
        description="Casing, spacing and invisible characters do not matter.",
    )
    start: Start | None = Field(
        None,
        alias="from",
        description="Earliest occurred_at, inclusive; what is finer than a microsecond is cut off.",
    )
    end: End | None = Field(
        None, alias="to", description="Latest occurred_at, exclusive; what is finer than a microsecond is rounded up."
    )
    order: Literal["desc", "asc"] = "desc"
    limit: int = Field(100, ge=1, le=1000)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)

    def pan(self, luhn_exempt: IssuerRanges) -> Pan | None:
        """The card number, if one was given; it needs no check digit if it is in `luhn_exempt`.

        Raises:
            ParameterInvalid: it has a wrong one.
        """
        try:
            return None if self.card_number is None else self.card_number.checked(luhn_exempt)
        except PydanticCustomError as error:
            raise ParameterInvalid([Fault("/card_number", error.type)]) from None


class RelatedParameters(FilterParameters, ReadParameters):
    """Which page of what refers to a transaction."""

    order: Literal["desc", "asc"] = "desc"
    limit: int = Field(100, ge=1, le=1000)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)


_SEARCH: Final = JsonBody(RangeParameters, ParameterInvalid)
router = Router(tags=[TAG.name], checks=[each_once(RangeParameters)])


@router.get(
    "/transactions",
    operation_id="listTransactions",
    dependencies=[searched(RangeParameters)],
    summary="List a card's or a merchant's transactions",
    response_class=Response,
    responses={
        200: transaction_shapes.PAGE_WITH_LINK,
        **operations.problems(*_RANGE_PROBLEMS),
    },
    openapi_extra=operations.needs("transactions:read"),
)
async def list_transactions(
    request: Request,
    parameters: Annotated[RangeParameters, Query()],
    principal: Annotated[Principal, requires("transactions:read")],
    services: Service,
) -> Response:
    """List transactions between `from` (inclusive) and `to` (exclusive), newest first unless `order=asc`.

    Filters hold all at once, each with one value. A client that keeps card numbers out of URLs uses
    `POST /transactions/search`. Names, birth date and street of customers need the scope `customer:read`.
    With `Accept: text/csv` the page is a table, and the next one's cursor stands in `X-Next-Cursor`.
    """
    around = "" if parameters.card_number is None else request_text(request, besides="card_number")
    return await _answer_range(services, request, parameters, principal, around)


@router.post(
    "/transactions/search",
    operation_id="searchTransactions",
    dependencies=[searched()],
    summary="List transactions, with the card number in the body",
    response_class=Response,
    responses={
        200: transaction_shapes.PAGE,
        **operations.problems(
            *(MalformedJson, BodyTooLarge, BodyTimeout, MediaTypeUnsupported, ContentEncodingUnsupported),
            *_RANGE_PROBLEMS,
        ),
    },
    openapi_extra=operations.request_body("RangeParameters") | operations.needs("transactions:read", "cards:lookup"),
)
async def search_transactions(
    request: Request,
    principal: Annotated[Principal, requires("transactions:read", "cards:lookup")],
    services: Service,
) -> Response:
    """Answer the same reads as `GET /transactions` to a query that stands in the body."""
    parameters = _SEARCH.parsed(await _SEARCH.read(request, services.settings))
    texts = (text for text in parameters.__dict__.values() if isinstance(text, str))
    around = f"{request_text(request)}x{request_text_of(texts)}"
    return await _answer_range(services, request, parameters, principal, around)


@router.get(
    "/transactions/{transaction_id:not_an_operation}",
    operation_id="getTransaction",
    dependencies=[searched(ReadParameters)],
    summary="Get one transaction",
    response_class=Response,
    responses={
        200: transaction_shapes.ONE_TRANSACTION,
        304: transaction_shapes.NOT_MODIFIED,
        **operations.problems(TransactionNotFound, AccountForbidden, NotAcceptable, CardNumberMisplaced),
    },
    openapi_extra=operations.needs("transactions:read"),
)
async def get_transaction(
    *,
    request: Request,
    transaction_id: str,
    principal: Annotated[Principal, requires("transactions:read")],
    parameters: Annotated[ReadParameters, Query()],
    services: Service,
    if_none_match: Annotated[str | None, Header(max_length=TAGS_CHARS_MAX, description="`ETag`s at hand.")] = None,
) -> Response:
    """Get one transaction by its id, read consistently; 404 until the index has it, about a second.

    The names, birth date and street of a customer are left out unless the key has the scope `customer:read`.

    A client that keeps the answer sends its `ETag` as `If-None-Match` later on, and is answered 304 as long as
    nothing has changed, which only its score, a conflict, a refund or reversal, an earlier write that came late, or,
    of a refund, the arrival or the end of its original can do. Refunds and reversals that refer to it are found by an
    index that may lag behind for a moment.
    """
    own_id, rendering = own_transaction_id(transaction_id), parameters.rendering(request, principal)
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, "transactions:read", *rendering.scopes, reads=account)
    scoring = asyncio.ensure_future(_scores(services, account, own_id)) if rendering.is_whole else None
    try:
        async with store_reads():
            found, related = await asyncio.gather(
                services.transactions.get(account, own_id),
                _related(services, account, own_id) if rendering.is_whole else _unasked(),
            )
            relations = (
                None if found is None or related is None else await _relations(services, account, found, related)
            )
        await standing.check()
        scores = [] if scoring is None else await scoring  # also of none: a task cut off leaves cycles behind
        if found is None:
            raise TransactionNotFound
    finally:
        if scoring is not None:
            scoring.cancel()
    score = score_of(scores, _cards(found.event), found.order) if scores else None
    body = rendering.one(found.event, [order.text for order in found.conflicts], score, relations)
    tag = tag_of(body)
    headers = {**UNCACHED, "ETag": tag}
    if if_none_match is not None and matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=rendering.form.media_type, headers=headers)


def own_transaction_id(text: str) -> TransactionId:
    """The id of a path.

    Raises:
        TransactionNotFound: nothing has an id of this form.
    """
    if not _ID.fullmatch(text):
        raise TransactionNotFound
    return TransactionId(text)


def _cards(event: str) -> tuple[str, ...]:
    """The ids of an event's card, also the older ones."""
    document = from_json(event)
    return document["card_id"], *document.get("card_aliases", ())


async def _unasked() -> None:
    """Nothing is read."""


async def _related(services: Services, account: Account, transaction_id: TransactionId) -> _Related | None:
    """What refers to a transaction, as far as it is summed up; None where the index does not keep it."""
    await learn_layout(services)
    if not services.transactions.keeps_relations:
        return None
    span = Span(descending=False, limit=SUMMED_MAX)
    query = services.transactions.by_original(account, transaction_id, span)
    try:
        async with asyncio.timeout(BESIDE_S_MAX):
            page = await services.transactions.page(query, whole=True)
    except (*STORE_ERRORS, StoredEventError) as error:
        _log.warning("relations_not_read", error=code_of(error))
        return _Related((), is_all=False)
    return _Related(page.rows, is_all=not page.has_more)


async def _relations(services: Services, account: Account, found: StoredTransaction, related: _Related) -> Relations:
    original = from_json(found.event)["original_transaction_id"]
    missing = None if original is None else not await services.transactions.has(account, original)
    return relations_of(found.event, related.rows, is_all=related.is_all, original_missing=missing)


async def _scores(services: Services, account: Account, transaction_id: TransactionId) -> list[ScoreItem]:
    """The scores of a transaction; none while there are none, or they cannot be read: they hold up no look-up."""
    try:
        async with asyncio.timeout(BESIDE_S_MAX):
            return await services.scores.of(account, transaction_id)
    except STORE_ERRORS as error:
        _log.warning("score_not_read", error=code_of(error))
        return []


async def _answer_range(
    services: Services, request: Request, parameters: RangeParameters, principal: Principal, around: str
) -> Response:
    pan = parameters.pan(services.admission.luhn_exempt)
    if pan is not None:
        principal.require("cards:lookup")
        if pan.digits_for_identity() in around:
            raise CardNumberMisplaced([Fault("", CODE)])
        _count(services, principal, pan)
    _hold_ranges(parameters)
    rendering = parameters.rendering(request, principal)
    account = principal.reads(parameters.account)
    needed: tuple[Scope, ...] = ("transactions:read",) if pan is None else ("transactions:read", "cards:lookup")
    standing = services.gate.standing(request.scope, principal, *needed, *rendering.scopes, reads=account)
    query = await _query(services, account, parameters, pan)
    times = (parameters.start or "", parameters.end or "")
    return await answer_page(services, request, principal, Asked(parameters, query, times, rendering, standing))


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that was asked for: its range, between which times if the client said so, and how it is written.

    `is_there` is asked of a first page without rows whether there is anything to list.
    """

    parameters: "RangeParameters | RelatedParameters"
    query: RangeQuery
    times: tuple[str, str]
    rendering: Rendering
    standing: Standing
    is_there: Callable[[RangeQuery], Awaitable[bool]] | None = None


async def answer_page(services: Services, request: Request, principal: Principal, asked: Asked) -> Response:
    """One page of a range, in its form, with the cursor of the next one.

    Raises:
        CursorInvalid: the cursor is of another range.
        TransactionNotFound: there is nothing to list.
    """
    query, rendering, parameters = asked.query, asked.rendering, asked.parameters
    identity = (query.index, query.subject, *asked.times, parameters.order + parameters.filters_bound())
    after = None if parameters.cursor is None else SortKey(services.cursors.read(identity, parameters.cursor))
    # What the index answers is parsed at once, some milliseconds for a large page: of many pages of one account at a
    # time others would wait for all of them.
    wanted, turn = parameters.filter(), partial(services.turns.turn, principal.account)
    size = (parameters.limit if wanted is None else ROWS_EXAMINED_MAX) * ROW_BYTES
    async with services.memories.pages.held_for(principal.account, size, wait_s_max=PAGE_WAIT_S_MAX):
        async with store_reads():
            rows, goes_on_behind = await rows_of(query.behind(after), services.transactions.page, wanted, turn)
            there = rows or after is not None or asked.is_there is None or await asked.is_there(query)
        if not there:
            await asked.standing.check()
            raise TransactionNotFound
        cursor = None if goes_on_behind is None else services.cursors.make(identity, goes_on_behind)
        headers = dict(UNCACHED)
        if rendering.form is Form.CSV and cursor is not None:
            headers |= _next_page(request, query, cursor)
        body = await rendering.page(rows, next_cursor=cursor, turn=turn)
        await asked.standing.check()
    return Response(body, media_type=rendering.form.media_type, headers=headers)


def _hold_ranges(parameters: RangeParameters) -> None:
    """Hold times and amounts to their order.

    Raises:
        RangeReversed: a range begins behind its end.
    """
    faults = parameters.reversed_amounts()
    if parameters.start and parameters.end and parameters.start > parameters.end:
        faults = [*RangeReversed.fixed_faults, *faults]
    if faults:
        raise RangeReversed(faults)


def _count(services: Services, principal: Principal, pan: Pan) -> None:
    """Count the card as one that the caller's account looks up.

    It is counted before the cursor is read: that is bound to the card's id, so whether it fits answers a guess.

    Raises:
        TooManyCardsOfMask: the account has looked up as many cards of this mask as it may.
    """
    services.admission.guesses.take(
        principal.account, pan.masked, services.keys.card_id(pan), principal.cards_of_mask_max
    )


def _next_page(request: Request, query: RangeQuery, cursor: str) -> dict[str, str]:
    """Where a table goes on, which has no place for it itself.

    The link (RFC 8288) is relative, so that it holds behind any proxy. A card number is not repeated in it but its id
    stands there, and where that is not the same, since the card has several, there is no link.
    """
    headers = {"X-Next-Cursor": cursor}
    if request.method == "POST":
        return headers
    asked = {name: value for name, value in request.query_params.items() if name != "cursor"}
    if asked.pop("card_number", None) is not None:
        if len(query.partitions) > 1:
            return headers
        asked["card_id"] = query.subject.partition("#")[2]
    return {**headers, "Link": f'<?{urlencode({**asked, "cursor": cursor})}>; rel="next"'}


async def _query(services: Services, account: Account, parameters: RangeParameters, pan: Pan | None) -> RangeQuery:
    """The range that was asked for, from its beginning.

    Raises:
        ParameterInvalid: none or several of the three selectors were given.
        StoreUnavailable: the card's other ids could not be read.
    """
    selectors = (pan, parameters.card_id, parameters.merchant_name)
    if sum(selector is not None for selector in selectors) != 1:
        raise ParameterInvalid([Fault("", "selector_required")])
    span = Span(parameters.start, parameters.end, parameters.order == "desc", None, parameters.limit)
    if parameters.merchant_name is not None:
        merchant_id = services.keys.merchant_id(parameters.merchant_name)
        former = services.keys.former_merchant_ids(parameters.merchant_name)
        await learn_layout(services)
        return services.transactions.by_merchant(account, merchant_id, span, *former)
    if pan is not None:
        return services.transactions.by_card(account, services.keys.card_ids(pan), span)
    assert parameters.card_id is not None  # noqa: S101 - one of the three is there
    return services.transactions.by_card(account, await _ids_of_card(services, account, parameters.card_id), span)


async def learn_layout(services: Services) -> None:
    """See to it that the write shards are known, also when the table was away at the start.

    Raises:
        StoreUnavailable: the table is still away, or was not bootstrapped.
    """
    async with store_reads():
        try:
            await services.transactions.learn_layout()
        except StoreError:
            raise StoreUnavailable from None


async def _ids_of_card(services: Services, account: Account, card_id: CardId) -> tuple[CardId, ...]:
    """The ids of the card that has this one: it has one a version of the card key."""
    if len(services.keys.card_keys) == 1:
        return (card_id,)
    async with store_reads():
        return await services.store(CardTable).ids(account, card_id)


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(lambda dynamodb, names: CardTable(dynamodb, names.cards),),
    shapes=(Event, Conflict, Risk, TransactionList, RangeParameters),
    names=transaction_shapes.NAMES,
    complete=transaction_shapes.complete,
    examples=transaction_shapes.EXAMPLES,
    words=transaction_shapes.WORDS,
    headers=transaction_shapes.HEADERS,
)
