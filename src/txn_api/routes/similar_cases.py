"""`GET /cases/{case_id}/similar`: the recent cases that are most like a case, and how they were decided."""

from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import Field
from pydantic_core import from_json, to_json
from starlette.responses import Response

from fraud.records.case_views import summary_at
from fraud.records.similarity import TraitKind, in_order
from fraud.review.recent_cases import ALERTS_MAX, SIMILAR_MAX, SimilarCases
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import AccountForbidden, CardNumberMisplaced, CaseNotFound
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.alerts import AccountParameters
from txn_api.routes.cases import TAG, case_id_of
from txn_api.routes.review_shapes import CASE_EXAMPLES, CASE_ID_WORDS, CaseSummaryShape
from txn_api.schemas import InstantText, Shape
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.api_keys import Scope
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.transactions.faults import CONTROL_FREE_PATTERN
from txn_core.transactions.instants import now

_SCOPE: Final[Scope] = "alerts:read"
_TRAITS_MAX: Final = 1_000
router = Router(tags=[TAG.name])


class SharedShape(Shape):
    """Something that both cases have."""

    kind: TraitKind
    text: Annotated[str, Field(max_length=200, pattern=CONTROL_FREE_PATTERN, description="For people.")]


class SimilarCaseShape(Shape):
    """A case that is like the one that was asked about."""

    similarity: Annotated[float, Field(ge=0, le=1, description="The weighted Jaccard index of what the two have.")]
    shared: Annotated[list[SharedShape], Field(max_length=_TRAITS_MAX)]
    case: CaseSummaryShape


class SimilarCasesShape(Shape):
    """The cases that are most like a case, the most alike first, and what was looked at."""

    data: Annotated[list[SimilarCaseShape], Field(max_length=SIMILAR_MAX)]
    since: Annotated[InstantText, Field(description="Alerts from before are not looked at.")]
    cases_looked_at: Annotated[int, Field(ge=0, le=ALERTS_MAX)]
    is_all: Annotated[bool, Field(description="Whether these are all cases with alerts since then.")]


@router.get(
    "/cases/{case_id:not_an_operation}/similar",
    operation_id="listSimilarCases",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="List similar cases",
    response_class=Response,
    responses={
        200: operations.answer("SimilarCases", "At most ten cases."),
        **operations.problems(CaseNotFound, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def list_similar_cases(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """List the account's recent cases that are most like a case, and how they were decided.

    Cases are alike by the merchants of their alerts (weight 4), the rules that hit (3), the reasons that spoke most
    for fraud (2), and the band of their largest amount (1): the weight of what both have is divided by the weight of
    what either has. Cases with alike amounts alone are left out. The latest 1,000 alerts of the last 90 days are
    looked at, as they were a minute ago at most. Alerts from before they named their merchant have none.
    """
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _SCOPE, reads=account)
    own_id, cases = case_id_of(case_id), services.store(CaseTable)
    async with store_reads():
        if await cases.find(account, own_id) is None:
            raise CaseNotFound
        found, recent = await services.store(SimilarCases).of(account, own_id)
        summaries = await cases.summaries(account, [each.case_id for each in found])
    await standing.check()
    at = now()
    data: list[dict[str, Any]] = [
        {
            "similarity": round(each.similarity, 3),
            "shared": [{"kind": trait.kind, "text": trait.text} for trait in in_order(each.shared)],
            "case": summary_at(from_json(summaries[each.case_id]), at),
        }
        for each in found
        if each.case_id in summaries
    ]
    looked = {"since": recent.since, "cases_looked_at": len(recent.traits), "is_all": recent.is_all}
    body = to_json({"data": data, **looked})
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


_SIMILAR: Final = {
    "similarity": 0.7,
    "shared": [
        {"kind": "merchant", "text": "the same merchant"},
        {"kind": "rule", "text": "the rule night_online"},
    ],
    "case": CASE_EXAMPLES["CaseList"]["last_page"]["data"][0],
}
resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(lambda dynamodb, names: SimilarCases(AlertTable(dynamodb, names.alerts)),),
    shapes=(SharedShape, SimilarCaseShape, SimilarCasesShape),
    names={"SharedShape": "SharedTrait", "SimilarCaseShape": "SimilarCase", "SimilarCasesShape": "SimilarCases"},
    examples={
        "SimilarCases": {
            "one": {
                "data": [_SIMILAR],
                "since": "2025-10-04T03:04:05.000000Z",
                "cases_looked_at": 312,
                "is_all": True,
            }
        }
    },
    words=CASE_ID_WORDS,
)
