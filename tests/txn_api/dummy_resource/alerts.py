"""The route module: `GET /alerts?alert_id=`."""

from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tests.txn_api.dummy_resource.alert_table import AlertTable
from txn_api import openapi
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi.response_headers import header
from txn_api.problems import CardNumberMisplaced, TransactionNotFound
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.schemas import Shape
from txn_api.services import Service
from txn_api.stores import store_reads


class AlertParameters(BaseModel):
    """Which alert."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    alert_id: str = Field(min_length=1, max_length=32, pattern="^[a-z0-9]+$")
    order: str = Field("first", max_length=8, pattern="^(first|last)$")


class Alert(Shape):
    """An alert with its score."""

    alert_id: Annotated[str, Field(max_length=32, pattern="^[a-z0-9]+$")]
    score: Annotated[int, Field(ge=0, le=100)]


_TAG: Final = Tag("alerts", "What fraud rules found.")
router = Router(tags=[_TAG.name], checks=[searched(AlertParameters), each_once(AlertParameters)])


@router.get(
    "/alerts",
    operation_id="getAlert",
    summary="Get one alert",
    response_class=Response,
    responses={
        200: openapi.answer("Alert", "The alert.", own_headers=("X-Alert-Age",)),
        **openapi.problems(TransactionNotFound, CardNumberMisplaced),
    },
    openapi_extra=openapi.needs("transactions:read"),
)
async def get_alert(
    parameters: Annotated[AlertParameters, Query()],
    principal: Annotated[Principal, requires("transactions:read")],
    services: Service,
) -> Response:
    """Get the alert of this id."""
    async with store_reads():
        score = await services.store(AlertTable).score(principal.account, parameters.alert_id)
    if score is None:
        raise TransactionNotFound
    body = Alert(alert_id=parameters.alert_id, score=score).model_dump_json()
    headers = {"Cache-Control": "no-store", "X-Alert-Age": "1"}
    return Response(body, media_type="application/json", headers=headers)


resource: Final = Resource(
    tag=_TAG,
    router=router,
    stores=(AlertTable.of,),
    shapes=(Alert,),
    examples={"Alert": {"certain": {"alert_id": "a1", "score": 99}, "unlikely": {"alert_id": "a2", "score": 3}}},
    words={"alert_id": {"description": "The alert's id.", "example": "a1"}, "order": {"example": "last"}},
    headers={"X-Alert-Age": header("Hours since the alert.", "1", pattern="^[0-9]+$", length_max=6)},
)
