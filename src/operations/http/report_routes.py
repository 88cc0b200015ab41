"""`GET /operations`: how the whole system is, for those who run it."""

from typing import Annotated, Final

from fastapi import Request
from starlette.responses import Response

from operations.http.examples import REPORT
from operations.report_desk import ReportDesk, open_report
from operations.shapes import OperationsReport
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import CardNumberMisplaced
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.routes.case_actions import NoParameters
from txn_api.services import Service
from txn_core.api_keys import Scope

_SCOPE: Final[Scope] = "operations:read"
TAG: Final = Tag("system", "The whole system, for its operators: figures, findings, dead letters.")
router = Router(tags=[TAG.name], checks=[searched(NoParameters), each_once(NoParameters)])


@router.get(
    "/operations",
    operation_id="getOperations",
    summary="How is the system?",
    response_class=Response,
    responses={
        200: operations.answer("OperationsReport", "The figures, and which of them are not as they should be."),
        **operations.problems(CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def get_operations(
    request: Request,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
) -> Response:
    """Get the figures of the API, of each drain, of dead letters, and what a million transactions cost.

    They are of all accounts and hold no data of any. Ask every two seconds at most: figures of the API are read again
    then, those of drains every few seconds for all who ask, at whatever process. `findings` names each figure that is
    over its threshold, with a page that says what to do. A part that cannot be read just now is null, and `missing`
    says why. Those of the API are of the processes behind one port.
    """
    standing = services.gate.standing(request.scope, principal, _SCOPE)
    report = await services.store(ReportDesk).report()
    await standing.check()
    return Response(report.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


resource: Final = Resource(
    tag=TAG,
    router=router,
    desks=(open_report,),
    shapes=(OperationsReport,),
    names={
        "CostPartShape": "CostPart",
        "DeadLetterCountShape": "DeadLetterCount",
        "DrainShape": "Drain",
        "DrainShardShape": "DrainShard",
        "FindingShape": "Finding",
        "LedgerShape": "LedgerAgreement",
        "MissingShape": "MissingPart",
        "ProducerShardShape": "ProducerShard",
        "StatusCountShape": "StatusCount",
        "StepShape": "Step",
        "Drain": "DrainState",
    },
    examples={"OperationsReport": {"one_warning": REPORT}},
)
