"""`GET /cases/events`: the changes of an account's cases, as they happen."""

from typing import Annotated, Any, Final

from fastapi import Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from txn_api.access.auth import Principal, requires
from txn_api.case_events.case_feeds import CaseFeeds
from txn_api.case_events.event_format import MEDIA_TYPE, event
from txn_api.case_events.event_stream import EventStream
from txn_api.edge.headers import RawHeaders
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import AccountForbidden, CardNumberMisplaced
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.alerts import AccountParameters
from txn_api.routes.cases import TAG
from txn_api.routes.review_shapes import CASE_EXAMPLES
from txn_api.services import Service
from txn_core.api_keys import Scope
from txn_core.dynamodb.review.active_cases import ActiveCases
from txn_core.dynamodb.review.cases import CaseTable

_SCOPE: Final[Scope] = "alerts:read"
_LAST_EVENT_ID: Final = "Last-Event-ID"
_PARAMETER: Final[dict[str, Any]] = {
    "name": _LAST_EVENT_ID,
    "in": "header",
    "required": False,
    "description": "The id of the last event that was read. Whatever the service does not know leads to a `reset`.",
    # Whatever a header can carry.
    "schema": {"type": "string", "maxLength": 64, "pattern": r"^[\t\x20-\x7e\x80-\xff]*$"},
    "example": "5f3a09c1-17",
}
_EXAMPLE: Final = b"".join(
    (
        b"retry: 2000\n\n",
        event("reset", to_json({"actor": "key_0123456789abcdef"}), "5f3a09c1-16"),
        event("case", to_json(CASE_EXAMPLES["CaseList"]["last_page"]["data"][0]), "5f3a09c1-17"),
    )
).decode()
router = Router(tags=[TAG.name])


@router.get(
    "/cases/events",
    operation_id="listenToCases",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="Listen to changes of cases",
    response_class=Response,
    responses={
        200: operations.stream_answer(MEDIA_TYPE, "CaseEvents", "Events, until either side ends the answer."),
        **operations.problems(AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra={"parameters": [_PARAMETER], **operations.needs(_SCOPE)},
)
async def listen_to_cases(
    request: Request,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """Be told of changes of an account's cases within about two seconds, as server-sent events (WHATWG HTML, 9.2).

    The first event is `reset` or `resumed`. `reset` says to read the list of cases now: what happened before is not
    told. `resumed` says that the events go on behind `Last-Event-ID` without a gap. Then each `case` has a case as
    lists show it. A case is told of when it is opened, changed, closed or reopened, when a claim or an assignment of
    it expires, and when it has been put off for long enough. The latest 1,000 cases that are not closed are watched,
    and a closed one is not. `reset` comes again when too much has changed at once. `data` of `reset` and `resumed`
    has the `actor` that the key is written down as.

    A comment comes every 15 seconds. The answer ends when the key does, at a shutdown, and after an hour; ask again
    then. A listener that does not read is cut off. A key may have 16 listeners at a process, and all together 256.
    """
    account = principal.reads(parameters.account)
    return EventStream(
        services.store(CaseFeeds),
        account,
        services.gate.standing(request.scope, principal, _SCOPE, reads=account),
        last_event_id=RawHeaders.of(request.scope).get(_LAST_EVENT_ID.lower(), ""),
        stopping=services.stopping,
    )


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(lambda dynamodb, names: CaseFeeds(ActiveCases(dynamodb, names.cases), CaseTable(dynamodb, names.cases)),),
    examples={"CaseEvents": {"two_events": _EXAMPLE}},
)
