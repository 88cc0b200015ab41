"""`GET /merchants`: the canonical names of merchants with their ids, by the beginning of the name."""

from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.responses import Response

from txn_api import openapi
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.problems import AccountForbidden, CardNumberMisplaced, CursorInvalid, ParameterInvalid
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.reads.json_rows import page
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.schemas import EXAMPLE_IDS, CursorText, MerchantIdText, Shape, example_transaction
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.card_numbers.free_text_fields import AN_ID
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, Fault
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account, normalise_prefix
from txn_core.transactions.transaction import MERCHANT_KEY_BYTES_MAX


class MerchantParameters(BaseModel):
    """What merchants are listed by."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name_prefix: str = Field(
        "",
        max_length=100,
        pattern=CONTROL_FREE_PATTERN,
        description="Beginning of the name; casing, spacing and invisible characters do not matter.",
    )
    account: Account | None = Field(None, pattern=ACCOUNT_PATTERN, description="Another account, if granted.")
    limit: int = Field(100, ge=1, le=1000)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)


class MerchantName(Shape):
    """A merchant, spelled as in its first transaction."""

    merchant_id: MerchantIdText
    name: Annotated[
        str, Field(min_length=1, max_length=100, pattern=CONTROL_FREE_PATTERN, examples=["Rippin, Kub and Mann"])
    ]


class MerchantList(Shape):
    """One page of merchants."""

    data: Annotated[list[MerchantName], Field(max_length=1000)]
    has_more: bool
    next_cursor: CursorText | None


_TAG: Final = Tag("merchants", "Canonical merchant names.")
router = Router(tags=[_TAG.name], checks=[searched(MerchantParameters), each_once(MerchantParameters)])


@router.get(
    "/merchants",
    operation_id="listMerchants",
    summary="List merchants by name",
    response_class=Response,
    responses={
        200: openapi.answer("MerchantList", "Names in order."),
        **openapi.problems(CursorInvalid, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=openapi.needs("transactions:read"),
)
async def list_merchants(
    request: Request,
    parameters: Annotated[MerchantParameters, Query()],
    principal: Annotated[Principal, requires("transactions:read")],
    services: Service,
) -> Response:
    """List the merchants of an account whose normalised name begins with the normalised prefix."""
    account = principal.reads(parameters.account)
    prefix = normalise_prefix(parameters.name_prefix)
    if len(prefix.encode()) > MERCHANT_KEY_BYTES_MAX:
        # Some letters become many when they are normalised; a prefix longer than any name is nobody's.
        raise ParameterInvalid([Fault("/name_prefix", "text_too_long")])
    query = ("merchants", account, prefix)
    after = None if parameters.cursor is None else services.cursors.read(query, parameters.cursor)
    standing = services.gate.standing(request.scope, principal, "transactions:read", reads=account)
    async with store_reads():
        found, has_more = await services.store(MerchantTable).page(
            account, parameters.name_prefix, after=after, limit=parameters.limit
        )
    await standing.check()
    names = (to_json({"merchant_id": merchant.merchant_id, "name": merchant.name}).decode() for merchant in found)
    cursor = services.cursors.make(query, found[-1].key) if has_more else None
    body = page(names, has_more=has_more, next_cursor=cursor)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


resource: Final = Resource(
    tag=_TAG,
    router=router,
    stores=(lambda dynamodb, names: MerchantTable(dynamodb, names.merchants),),
    shapes=(MerchantList,),
    examples={
        "MerchantList": {
            "last_page": {
                "data": [
                    {"merchant_id": EXAMPLE_IDS["merchant_id"], "name": example_transaction()["merchant"]["name"]}
                ],
                "has_more": False,
                "next_cursor": None,
            }
        }
    },
    words={"name_prefix": {"example": "rippin"}},
)
