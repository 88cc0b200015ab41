"""`GET /alerts/quality`: how well the alerts of the last days work, by rule, by model and by threshold."""

from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from fraud.quality.quality_desk import READ_S_MAX, QualityDesk, ReviewTables
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import AccountForbidden, CardNumberMisplaced, StoreUnavailable
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.alerts import TAG, AccountParameters
from txn_api.routes.quality_shapes import QUALITY_EXAMPLES, AlertQualityShape
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.api_keys import Scope
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.exceptions import StoreError

_SCOPE: Final[Scope] = "alerts:read"
_SLACK_S: Final = 5.0


class QualityParameters(AccountParameters):
    """Of how many days."""

    days: int = Field(30, ge=1, le=90, description="Whole days before today; today counts besides.")


router = Router(tags=[TAG.name])


@router.get(
    "/alerts/quality",
    operation_id="getAlertQuality",
    dependencies=[searched(QualityParameters), each_once(QualityParameters)],
    summary="Get the quality of alerts",
    response_class=Response,
    responses={
        200: operations.answer("AlertQuality", "The report, a minute old at most."),
        **operations.problems(AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def get_alert_quality(
    request: Request,
    parameters: Annotated[QualityParameters, Query()],
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
) -> Response:
    """Say what became of an account's alerts: by rule, by model, and for each threshold of the score.

    Alerts without a label are counted apart and never taken as legitimate. The latest 20,000 alerts of the days are
    looked at. All who ask for the same within a minute get the same report.
    """
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _SCOPE, reads=account)
    async with store_reads(READ_S_MAX + _SLACK_S):
        try:
            report = await services.store(QualityDesk).report(account, parameters.days, services.turns.turn)
        except StoreError:
            raise StoreUnavailable from None
    await standing.check()
    return Response(report, media_type="application/json", headers={"Cache-Control": "no-store"})


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(
        lambda dynamodb, names: QualityDesk(
            ReviewTables(
                AlertTable(dynamodb, names.alerts),
                CaseTable(dynamodb, names.cases),
                LabelTable(dynamodb, names.labels),
                ScoreCountTable(dynamodb, names.score_counts),
            )
        ),
    ),
    shapes=(AlertQualityShape,),
    names={
        "AlertQualityShape": "AlertQuality",
        "ProportionShape": "Proportion",
        "AmountsShape": "AlertAmounts",
        "AlertTallyShape": "AlertTally",
        "RuleQualityShape": "RuleQuality",
        "ModelQualityShape": "ModelQuality",
        "ThresholdShape": "Threshold",
    },
    examples=QUALITY_EXAMPLES,
    words={"days": {"example": 30}},
)
