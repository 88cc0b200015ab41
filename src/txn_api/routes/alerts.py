"""`GET /alerts`: what the scorer found, newest first, and one alert by its id."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import Field
from pydantic_core import from_json
from starlette.responses import Response

from fraud.records.alert import Severity
from fraud.records.case import Status
from fraud.records.case_views import summary_at
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import (
    AccountForbidden,
    AlertNotFound,
    CardNumberMisplaced,
    CursorInvalid,
    RangeReversed,
)
from txn_api.reads.review_pages import PageParameters, answer_page, identity_of
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.routes.review_shapes import ALERT_EXAMPLES, EXAMPLE_CASE_ID, AlertList, AlertShape
from txn_api.schemas import Parameters
from txn_api.services import Service
from txn_api.stores import store_reads
from txn_core.api_keys import Scope
from txn_core.card_numbers.free_text_fields import AN_ID
from txn_core.dynamodb.ranges import RangeQuery, Row, Span
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.transactions.identity import (
    ACCOUNT_PATTERN,
    ALERT_ID_PATTERN,
    CASE_ID_PATTERN,
    Account,
    AlertId,
    CaseId,
)
from txn_core.transactions.instants import now

_SCOPE: Final[Scope] = "alerts:read"
_ID: Final = re.compile(ALERT_ID_PATTERN)


class AccountParameters(Parameters):
    """Whose."""

    account: Account | None = Field(None, pattern=ACCOUNT_PATTERN, description="Another account, if granted.")


class AlertParameters(PageParameters):
    """Which alerts; `from` and `to` are of `alerted_at`."""

    status: Status | None = Field(None, description="Of the alert's case, as it stands now.")
    severity: Severity | None = None
    case_id: Annotated[CaseId | None, AN_ID] = Field(None, pattern=CASE_ID_PATTERN)


TAG: Final = Tag("alerts", "What the scorer found about transactions.")
router = Router(tags=[TAG.name])


@router.get(
    "/alerts",
    operation_id="listAlerts",
    dependencies=[searched(AlertParameters), each_once(AlertParameters)],
    summary="List alerts",
    response_class=Response,
    responses={
        200: operations.answer("AlertList", "One page, in the order asked for."),
        **operations.problems(RangeReversed, CursorInvalid, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def list_alerts(
    request: Request,
    parameters: Annotated[AlertParameters, Query()],
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
) -> Response:
    """List an account's alerts, those that were raised last first unless `order=asc`.

    With a filter a page may have fewer alerts than its limit, even none, and yet `has_more`: each page looks at a
    thousand alerts at most.
    """
    account = principal.reads(parameters.account)
    table = services.store(AlertTable)

    def range_of(span: Span, /) -> RangeQuery:
        if parameters.case_id is not None:
            return table.of_case(account, parameters.case_id, span)
        return table.of_account(account, span)

    async def looks(rows: Sequence[Row]) -> list[str | None]:
        return await _wanted(services.store(CaseTable), account, rows, parameters)

    return await answer_page(
        services,
        principal,
        services.gate.standing(request.scope, principal, _SCOPE, reads=account),
        parameters,
        index=table.index,
        range_of=range_of,
        identity=identity_of(parameters, "alerts", account),
        looks=looks,
    )


async def _wanted(
    cases: CaseTable, account: Account, rows: Sequence[Row], parameters: AlertParameters
) -> list[str | None]:
    """The documents of the alerts that are asked for, in their places."""
    if parameters.severity is None and parameters.status is None:
        return [row.event for row in rows]
    alerts = [from_json(row.event) for row in rows]
    of_severity = [parameters.severity in {None, alert["severity"]} for alert in alerts]
    if parameters.status is None:
        return [row.event if is_of else None for row, is_of in zip(rows, of_severity, strict=True)]
    ids = [CaseId(alert["case_id"]) for alert, is_of in zip(alerts, of_severity, strict=True) if is_of]
    at, summaries = now(), await cases.summaries(account, ids)
    # An alert whose case is only just being made is open.
    status = {case_id: summary_at(from_json(text), at)["status"] for case_id, text in summaries.items()}
    return [
        row.event if is_of and status.get(alert["case_id"], "open") == parameters.status else None
        for row, alert, is_of in zip(rows, alerts, of_severity, strict=True)
    ]


@router.get(
    "/alerts/{alert_id}",
    operation_id="getAlert",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="Get one alert",
    response_class=Response,
    responses={
        200: operations.answer("Alert", "The alert."),
        **operations.problems(AlertNotFound, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_SCOPE),
)
async def get_alert(
    request: Request,
    alert_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """Get one alert by its id, read consistently."""
    if not _ID.fullmatch(alert_id):
        raise AlertNotFound
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _SCOPE, reads=account)
    async with store_reads():
        found = await services.store(AlertTable).find(account, AlertId(alert_id))
    await standing.check()
    if found is None:
        raise AlertNotFound
    return Response(found.document, media_type="application/json", headers={"Cache-Control": "no-store"})


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(lambda dynamodb, names: AlertTable(dynamodb, names.alerts),),
    shapes=(AlertShape, AlertList),
    names={"AlertShape": "Alert", "ReasonShape": "Reason"},
    examples=ALERT_EXAMPLES,
    words={
        "alert_id": {
            "description": "The alert's id.",
            "schema": {"type": "string", "pattern": ALERT_ID_PATTERN},
            "example": ALERT_EXAMPLES["Alert"]["alert"]["alert_id"],
        },
        "case_id": {"description": "The alerts of this case.", "example": EXAMPLE_CASE_ID},
        "status": {"example": "open"},
        "severity": {"example": "critical"},
        "from": {"example": "2026-01-01T00:00:00Z"},
        "to": {"example": "2026-02-01T00:00:00Z"},
        "order": {"description": "`desc` is newest first.", "example": "desc"},
    },
)
