"""`GET /transactions/{transaction_id}/related`: the refunds and reversals that refer to a transaction."""

from typing import Annotated, Final

from fastapi import Query, Request
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
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes import transaction_shapes
from txn_api.routes.post import TAG
from txn_api.routes.reads import Asked, RelatedParameters, answer_page, learn_layout, own_transaction_id
from txn_api.services import Service
from txn_core.api_keys import Scope
from txn_core.dynamodb.ranges import RangeQuery, Span

_SCOPE: Final[Scope] = "transactions:read"
router = Router(tags=[TAG.name])


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

    async def is_there(query: RangeQuery) -> bool:
        if await services.transactions.get(account, own_id) is not None:
            return True
        # A filter may have left nothing of what is there.
        return parameters.filter() is not None and bool((await services.transactions.page(query)).rows)

    asked = Asked(parameters, query, ("", ""), rendering, standing, is_there)
    return await answer_page(services, request, principal, asked)


resource: Final = Resource(
    tag=TAG,
    router=router,
    words=transaction_shapes.WORDS | {"type": {"example": "refund"}},
    headers=transaction_shapes.HEADERS,
)
