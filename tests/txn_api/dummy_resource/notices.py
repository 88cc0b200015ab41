"""The route module: `GET /notices?notice_id=`."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tests.txn_api.dummy_resource.notice_table import NoticeTable
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.openapi.response_headers import header
from txn_api.problems import CardNumberMisplaced, TransactionNotFound
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.schemas import Shape
from txn_api.services import Service
from txn_api.stores import store_reads


class NoticeParameters(BaseModel):
    """Which notice."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    notice_id: str = Field(min_length=1, max_length=32, pattern="^[a-z0-9]+$")
    order: str = Field("first", max_length=8, pattern="^(first|last)$")


class Notice(Shape):
    """A notice with its score."""

    notice_id: Annotated[str, Field(max_length=32, pattern="^[a-z0-9]+$")]
    score: Annotated[int, Field(ge=0, le=100)]


_TAG: Final = Tag("notices", "What fraud rules found.")
router = Router(tags=[_TAG.name], checks=[searched(NoticeParameters), each_once(NoticeParameters)])


@router.get(
    "/notices",
    operation_id="getNotice",
    summary="Get one notice",
    response_class=Response,
    responses={
        200: operations.answer("Notice", "The notice.", own_headers=("X-Notice-Age",)),
        **operations.problems(TransactionNotFound, CardNumberMisplaced),
    },
    openapi_extra=operations.needs("transactions:read"),
)
async def get_notice(
    parameters: Annotated[NoticeParameters, Query()],
    principal: Annotated[Principal, requires("transactions:read")],
    services: Service,
) -> Response:
    """Get the notice of this id."""
    async with store_reads():
        score = await services.store(NoticeTable).score(principal.account, parameters.notice_id)
    if score is None:
        raise TransactionNotFound
    body = Notice(notice_id=parameters.notice_id, score=score).model_dump_json()
    headers = {"Cache-Control": "no-store", "X-Notice-Age": "1"}
    return Response(body, media_type="application/json", headers=headers)


resource: Final = Resource(
    tag=_TAG,
    router=router,
    stores=(NoticeTable.of,),
    shapes=(Notice,),
    examples={"Notice": {"certain": {"notice_id": "a1", "score": 99}, "unlikely": {"notice_id": "a2", "score": 3}}},
    words={"notice_id": {"description": "The notice's id.", "example": "a1"}, "order": {"example": "last"}},
    headers={"X-Notice-Age": header("Hours since the notice.", "1", pattern="^[0-9]+$", length_max=6)},
)
