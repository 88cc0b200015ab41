"""`GET /transactions/{transaction_id}/conflicts`: what later acknowledgements of an id said instead."""

from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import Field
from pydantic_core import from_json, to_json
from starlette.responses import Response

from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import AccountForbidden, CardNumberMisplaced, TransactionNotFound
from txn_api.reads.differences import differing_fields
from txn_api.reads.fields import NAMES, PERSONAL_NAMES
from txn_api.reads.json_rows import conflict, document, impersonal
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes import transaction_shapes
from txn_api.routes.alerts import AccountParameters
from txn_api.routes.post import TAG
from txn_api.routes.reads import UNCACHED, own_transaction_id
from txn_api.routes.transaction_shapes import Conflict
from txn_api.schemas import Shape
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.api_keys import Scope
from txn_core.dynamodb.transactions import CONFLICTS_MAX, StoredTransaction
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event

_SCOPE: Final[Scope] = "transactions:read"
_FIELD: Final = Field(max_length=64, pattern=r"^[a-z_]+(\.[a-z_]+)?$")
router = Router(tags=[TAG.name])


class ConflictContent(Conflict):
    """A later 202 for the same transaction id, and what it said."""

    differs: Annotated[
        list[Annotated[str, _FIELD]] | None,
        Field(
            max_length=len(NAMES),
            description="The fields that the caller may see whose values are not those of the transaction; `null` "
            "where `transaction` is.",
        ),
    ]
    transaction: Annotated[
        Event | None,
        Field(
            description="The transaction as that 202 acknowledged it; `null` where it is not kept beside the first."
        ),
    ]


class ConflictList(Shape):
    """The conflicts of a transaction, the earliest first."""

    data: Annotated[list[ConflictContent], Field(max_length=CONFLICTS_MAX)]


@router.get(
    "/transactions/{transaction_id:not_an_operation}/conflicts",
    operation_id="listConflicts",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="List what contradicts a transaction",
    response_class=Response,
    responses={
        200: operations.answer("ConflictList", f"At most {CONFLICTS_MAX} conflicts."),
        **operations.problems(TransactionNotFound, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def list_conflicts(
    request: Request,
    transaction_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """List the later acknowledgements of an id whose content contradicts the transaction, the earliest first.

    The first content of an id counts, and later ones change nothing. Here a client sees what they said, and in which
    fields they differ. A transaction notes 100 conflicts, and keeps the content of 16 of them; operators have all of
    them as dead letters. Names, birth date and street of customers need the scope `customer:read`. Read consistently.
    """
    own_id, account = own_transaction_id(transaction_id), principal.reads(parameters.account)
    shows_customer = "customer:read" in principal.scopes
    scopes: tuple[Scope, ...] = (_SCOPE, "customer:read") if shows_customer else (_SCOPE,)
    standing = services.gate.standing(request.scope, principal, *scopes, reads=account)
    async with store_reads():
        found = await services.transactions.get(account, own_id)
    await standing.check()
    if found is None:
        raise TransactionNotFound
    body = f'{{"data":[{",".join(_contents(found, shows_customer=shows_customer))}]}}'
    return Response(body, media_type="application/json", headers=UNCACHED)


def _contents(found: StoredTransaction, *, shows_customer: bool) -> list[str]:
    winner = from_json(found.event)
    return [
        _content(winner, order, found.contents.get(order), shows_customer=shows_customer) for order in found.conflicts
    ]


def _content(winner: dict[str, Any], order: WriteOrder, event: str | None, *, shows_customer: bool) -> str:
    differs, told = None, "null"
    if event is not None:
        differs = differing_fields(winner, from_json(event))
        if not shows_customer:
            differs, event = [name for name in differs if name not in PERSONAL_NAMES], impersonal(event)
        told = document(event, ())
    return f'{conflict(order.text)[:-1]},"differs":{to_json(differs).decode()},"transaction":{told}}}'


_FIRST: Final = transaction_shapes.EXAMPLES["Transaction"]["contradicted"]
_CONFLICT: Final = _FIRST["conflicts"][0]
_SAID: Final = {name: value for name, value in _FIRST.items() if name != "risk"} | {
    "accepted_at": _CONFLICT["accepted_at"],
    "amount_minor": 479,
    "conflicts": [],
}
resource: Final = Resource(
    tag=TAG,
    router=router,
    shapes=(ConflictContent, ConflictList),
    words={"transaction_id": transaction_shapes.WORDS["transaction_id"]},
    examples={
        "ConflictList": {
            "one": {"data": [{**_CONFLICT, "differs": ["amount_minor"], "transaction": _SAID}]},
            "not_kept": {"data": [{**_CONFLICT, "differs": None, "transaction": None}]},
        }
    },
)
