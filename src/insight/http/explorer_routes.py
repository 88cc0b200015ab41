"""`GET /insight/explorer`: all views of one choice at once."""

from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from insight.explorer.dimensions import Choice
from insight.explorer.rendering_views import views_json
from insight.http.explorer_shapes import EXAMPLES, ExplorerParameters, ExplorerViews
from insight.http.kept_answers import KEPT, TAG_HEADER, has_already, told
from insight.http.problems import QueryTooLarge, QueryTooLong, WarehouseNotBuilt
from insight.http.services import ExplorerOfRequest
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import CardNumberMisplaced
from txn_api.resource import Resource, Tag
from txn_api.router import Router

_TAG: Final = Tag("explorer", "All views of one choice.")
router = Router(tags=[_TAG.name], checks=[searched(ExplorerParameters), each_once(ExplorerParameters)])


@router.get(
    "/insight/explorer",
    operation_id="explore",
    summary="See all views of a choice",
    response_class=Response,
    responses={
        200: operations.answer("ExplorerViews", "The views.", own_headers=("ETag",)),
        304: {"description": "The data is of the version that `If-None-Match` names."},
        **operations.problems(CardNumberMisplaced, WarehouseNotBuilt, QueryTooLong, QueryTooLarge),
    },
    openapi_extra=operations.needs("insight:read"),
)
async def explore(
    request: Request,
    parameters: Annotated[ExplorerParameters, Query()],
    _: Annotated[Principal, requires("insight:read")],
    desk: ExplorerOfRequest,
) -> Response:
    """Answer all views of a choice. Each view follows every choice but its own; nothing is told of a choice of few.

    Amounts are of one currency: of the one that is chosen, or of the one with most transactions. After a build of the
    warehouse, choices are answered from the former data until the new cube is there; `data` says of which it is.
    """
    choice = Choice(tuple(parameters.chosen().items()))
    with told("explorer"):
        cube, views = await desk.views(choice)
    tag = f'"{cube.data.version}"'
    headers = {**KEPT, "ETag": tag}
    if has_already(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(views_json(cube, choice, views), media_type="application/json", headers=headers)


resource: Final = Resource(
    tag=_TAG,
    router=router,
    shapes=(ExplorerViews,),
    examples=EXAMPLES,
    headers=TAG_HEADER,
)
