"""Cases as reviewers read them: one with all that was done about it, and lists of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic import Field
from pydantic_core import from_json, to_json
from starlette.responses import Response

from fraud.records.case import Status
from fraud.records.case_views import case_at, summary_at
from fraud.review.case_desk import CaseDesk
from fraud.review.label_desk import LabelDesk
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import (
    AccountForbidden,
    CardNumberMisplaced,
    CaseNotFound,
    CursorInvalid,
    RangeReversed,
)
from txn_api.reads.entity_tags import tag_of_version
from txn_api.reads.review_pages import PageParameters, answer_page, identity_of
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.routes.alerts import AccountParameters
from txn_api.routes.review_shapes import (
    CASE_EXAMPLES,
    CASE_ID_WORDS,
    REVIEWER_PATTERN,
    AssignRequest,
    CaseList,
    CaseShape,
    CloseRequest,
    NoteRequest,
    ReopenRequest,
    SnoozeRequest,
)
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.api_keys import Scope
from txn_core.dynamodb.ranges import RangeQuery, Row, Span
from txn_core.dynamodb.review.cases import ACTIVE, CLOSED, CaseTable
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.transactions.identity import CASE_ID_PATTERN, CaseId
from txn_core.transactions.instants import now

_SCOPE: Final[Scope] = "alerts:read"
_ID: Final = re.compile(CASE_ID_PATTERN)


class CaseParameters(PageParameters):
    """Which cases; `from` and `to` are of `opened_at`."""

    status: Status | None = None
    assignee: str | None = Field(
        None,
        max_length=36,
        pattern=f"^me$|{REVIEWER_PATTERN}",
        description="Those that this reviewer has claimed or been assigned; `me` is whoever asks.",
    )


TAG: Final = Tag("cases", "Alerts of a card as reviewers decide them.")
router = Router(tags=[TAG.name])


@router.get(
    "/cases",
    operation_id="listCases",
    dependencies=[searched(CaseParameters), each_once(CaseParameters)],
    summary="List cases",
    response_class=Response,
    responses={
        200: operations.answer("CaseList", "One page, in the order asked for."),
        **operations.problems(RangeReversed, CursorInvalid, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def list_cases(
    request: Request,
    parameters: Annotated[CaseParameters, Query()],
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
) -> Response:
    """List an account's cases, those that were opened last first unless `order=asc`.

    The queue has another order, which `POST /cases/next` follows. With a filter a page may have fewer cases than its
    limit, even none, and yet `has_more`: each page looks at a thousand cases at most.
    """
    account = principal.reads(parameters.account)
    table = services.store(CaseTable)
    states = {None: (ACTIVE, CLOSED), "closed": (CLOSED,)}.get(parameters.status, (ACTIVE,))
    reviewer = principal.actor if parameters.assignee == "me" else parameters.assignee
    if reviewer is not None and parameters.status is None:
        states = (ACTIVE,)  # a closed case is nobody's

    def is_wanted(case: Mapping[str, Any]) -> bool:
        is_theirs = reviewer is None or reviewer in {case["assignee"], case["assigned_to"]}
        return is_theirs and parameters.status in {None, case["status"]}

    def range_of(span: Span, /) -> RangeQuery:
        return table.of_account(account, states, span)

    async def looks(rows: Sequence[Row]) -> list[str | None]:
        at = now()
        shown = [summary_at(from_json(row.event), at) for row in rows]
        return [to_json(summary).decode() if is_wanted(summary) else None for summary in shown]

    return await answer_page(
        services,
        principal,
        services.gate.standing(request.scope, principal, _SCOPE, reads=account),
        parameters,
        index=table.index,
        range_of=range_of,
        identity=identity_of(parameters, "cases", account),
        looks=looks,
    )


@router.get(
    "/cases/{case_id:not_an_operation}",
    operation_id="getCase",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="Get one case",
    response_class=Response,
    responses={
        200: operations.answer("Case", "The case as it stands.", own_headers=("ETag",)),
        **operations.problems(CaseNotFound, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def get_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """Get one case with its alerts and its audit, read consistently. Its `ETag` is what an action asks for."""
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _SCOPE, reads=account)
    async with store_reads():
        case = await services.store(CaseDesk).get(account, case_id_of(case_id))
    await standing.check()
    if case is None:
        raise CaseNotFound
    headers = {"Cache-Control": "no-store", "ETag": tag_of_version(case.version)}
    return Response(case_at(case, now()), media_type="application/json", headers=headers)


def case_id_of(text: str) -> CaseId:
    """The id of a path.

    Raises:
        CaseNotFound: it is none.
    """
    if not _ID.fullmatch(text):
        raise CaseNotFound
    return CaseId(text)


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(
        lambda dynamodb, names: CaseTable(dynamodb, names.cases),
        lambda dynamodb, names: CaseDesk(
            CaseTable(dynamodb, names.cases), LabelDesk(LabelTable(dynamodb, names.labels))
        ),
    ),
    shapes=(CaseShape, CaseList, AssignRequest, NoteRequest, SnoozeRequest, CloseRequest, ReopenRequest),
    names={
        "CaseShape": "Case",
        "CaseSummaryShape": "CaseSummary",
        "CaseAlertShape": "CaseAlert",
        "AuditShape": "AuditEntry",
        "AmountAtRiskShape": "AmountAtRisk",
    },
    examples=CASE_EXAMPLES,
    words={
        **CASE_ID_WORDS,
        "status": {"description": "As it stands now: an expired claim leaves a case open.", "example": "open"},
        "assignee": {"example": "me"},
        "from": {"example": "2026-01-01T00:00:00Z"},
        "to": {"example": "2026-02-01T00:00:00Z"},
        "order": {"description": "`desc` is newest first.", "example": "desc"},
    },
)
