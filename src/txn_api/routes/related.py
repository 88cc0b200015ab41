"""`GET /transactions/{transaction_id}/related`: the refunds and reversals that refer to a transaction."""

from functools import partial
from typing import Annotated, Final, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import (
    AccountForbidden,
    CardNumberMisplaced,
    CursorInvalid,
    NotAcceptable,
    RangeReversed,
    RelationsNotKept,
    TransactionNotFound,
)
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.reads.filters import FilterParameters, rows_of
from txn_api.reads.negotiation import Form
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes import transaction_shapes
from txn_api.routes.post import TAG
from txn_api.routes.reads import (
    PAGE_WAIT_S_MAX,
    UNCACHED,
    ReadParameters,
    learn_layout,
    next_page,
    own_transaction_id,
)
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_api.writes.fair_memory import ROW_BYTES
from txn_core.api_keys import Scope
from txn_core.card_numbers.free_text_fields import AN_ID
from txn_core.dynamodb.filtered_pages import ROWS_EXAMINED_MAX
from txn_core.dynamodb.ranges import SortKey, Span

_SCOPE: Final[Scope] = "transactions:read"
router = Router(tags=[TAG.name])


class RelatedParameters(FilterParameters, ReadParameters):
    """Which page of what refers to a transaction."""

    order: Literal["desc", "asc"] = "desc"
    limit: int = Field(100, ge=1, le=1000)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)


@router.get(
    "/transactions/{transaction_id:not_an_operation}/related",
    operation_id="listRelated",
    dependencies=[searched(RelatedParameters), each_once(RelatedParameters)],
    summary="List the refunds and reversals of a transaction",
    response_class=Response,
    responses={
        200: transaction_shapes.RELATED_PAGE,
        **operations.problems(
            *(TransactionNotFound, CursorInvalid, AccountForbidden, NotAcceptable, CardNumberMisplaced),
            *(RangeReversed, RelationsNotKept),
        ),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def list_related(
    request: Request,
    transaction_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[RelatedParameters, Query()],
    services: Service,
) -> Response:
    """List the refunds and reversals whose `original_transaction_id` is this id, within the account.

    A refund gives money back, all of it or a part, once or several times. A reversal takes the original back, as if
    it had not been; a part of it, where its amount is less. Both have a positive `amount_minor`: what is left of the
    original is its own amount less those of its refunds and reversals in its currency. A refund that was itself
    reversed does not count then: what refers to a refund is listed of the refund. Each id counts once. They are
    listed also while the original is not there yet; 404 where neither is. Filters hold all at once. The index may lag
    for a moment.
    """
    if faults := parameters.reversed_amounts():
        raise RangeReversed(faults)
    own_id, rendering = own_transaction_id(transaction_id), parameters.rendering(request, principal)
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _SCOPE, *rendering.scopes, reads=account)
    await learn_layout(services)
    if not services.transactions.keeps_relations:
        raise RelationsNotKept
    span = Span(descending=parameters.order == "desc", limit=parameters.limit)
    query = services.transactions.by_original(account, own_id, span)
    identity = (query.index, query.subject, "", "", parameters.order + parameters.filters_bound())
    after = None if parameters.cursor is None else SortKey(services.cursors.read(identity, parameters.cursor))
    wanted, turn = parameters.filter(), partial(services.turns.turn, principal.account)
    size = (parameters.limit if wanted is None else ROWS_EXAMINED_MAX) * ROW_BYTES
    async with services.memories.pages.held_for(principal.account, size, wait_s_max=PAGE_WAIT_S_MAX):
        async with store_reads():
            rows, goes_on_behind = await rows_of(query.behind(after), services.transactions.page, wanted, turn)
            there = rows or after is not None or await services.transactions.get(account, own_id) is not None
            if not there and wanted is not None:  # the filter may have left nothing of what is there
                there = bool((await services.transactions.page(query)).rows)
        await standing.check()
        if not there:
            raise TransactionNotFound
        cursor = None if goes_on_behind is None else services.cursors.make(identity, goes_on_behind)
        headers = dict(UNCACHED)
        if rendering.form is Form.CSV and cursor is not None:
            headers |= next_page(request, query, cursor)
        body = await rendering.page(rows, next_cursor=cursor, turn=turn)
        await standing.check()
    return Response(body, media_type=rendering.form.media_type, headers=headers)


resource: Final = Resource(
    tag=TAG,
    router=router,
    words=transaction_shapes.WORDS | {"type": {"example": "refund"}},
    headers=transaction_shapes.HEADERS,
)
