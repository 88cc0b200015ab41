"""What reviewers do: take the next case, and act on a case of the version that they saw."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header, Request
from pydantic_core import from_json
from starlette.responses import Response

from fraud.records.case_actions import (
    Actor,
    Assign,
    CaseAction,
    CaseError,
    CaseFault,
    Claim,
    Close,
    Note,
    Release,
    Reopen,
    Snooze,
)
from fraud.records.case_views import case_at
from fraud.review.case_desk import CaseChangedError, CaseDesk
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    CaseChanged,
    CaseClaimed,
    CaseNotFound,
    CaseStateConflict,
    ContentEncodingUnsupported,
    IdempotencyKeyInFlight,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    IfMatchRequired,
    MalformedJson,
    MediaTypeUnsupported,
    OutcomeUnknown,
    Problem,
    ValidationFailed,
)
from txn_api.reads.entity_tags import IF_MATCH_PATTERN, TAGS_CHARS_MAX, tag_of_version, version_of
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.cases import TAG, case_id_of
from txn_api.routes.review_shapes import (
    CASE_ID_WORDS,
    AssignRequest,
    CloseRequest,
    NoteRequest,
    ReopenRequest,
    SnoozeRequest,
)
from txn_api.schemas import Parameters
from txn_api.services import Service, Services
from txn_api.stores import store_writes
from txn_api.writes.idempotency_key import PARAMETER
from txn_api.writes.json_bodies import JsonBody
from txn_api.writes.keyed_writes import answer, once
from txn_core.api_keys import Scope
from txn_core.transactions.instants import now

_SCOPE: Final[Scope] = "cases:write"
_NONE: Final = b"null"
_ASSIGN, _NOTE, _SNOOZE, _CLOSE, _REOPEN = (
    JsonBody(AssignRequest),
    JsonBody(NoteRequest),
    JsonBody(SnoozeRequest),
    JsonBody(CloseRequest),
    JsonBody(ReopenRequest),
)
_REFUSALS: Final[dict[CaseFault, type[Problem]]] = {
    "case_claimed": CaseClaimed,
    "case_state_conflict": CaseStateConflict,
}
_OF_KEYS: Final = (IdempotencyKeyMalformed, IdempotencyKeyInFlight, IdempotencyKeyReused)
_OF_BODIES: Final = (
    *(MalformedJson, BodyTimeout, BodyTooLarge, MediaTypeUnsupported, ContentEncodingUnsupported),
    ValidationFailed,
)
KEY: Final[dict[str, Any]] = {
    **PARAMETER,
    "description": (
        "Makes a retry replay the first answer, for 7 days; one key is for one action, body and `If-Match`. "
        "A Structured Field String, or the same without quotes, of at most 255 characters. Never put a card number "
        "into it."
    ),
}
IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The `ETag` of the case as it was seen; `*` is any version.",
    "schema": {"type": "string", "minLength": 1, "maxLength": TAGS_CHARS_MAX, "pattern": IF_MATCH_PATTERN},
    "example": tag_of_version(1),
}
IfMatch = Annotated[str | None, Header(max_length=TAGS_CHARS_MAX, include_in_schema=False)]
"""Where it is missing, the problem is one of ours (428), though the document calls it required."""


Route = TypeVar("Route", bound=Callable[..., Any])


class NoParameters(Parameters):
    """Nothing is asked for in the query."""


router = Router(tags=[TAG.name], checks=[searched(NoParameters), each_once(NoParameters)])


@router.post(
    "/cases/next",
    operation_id="claimNextCase",
    summary="Claim the next case",
    response_class=Response,
    responses={
        200: operations.answer("Case", "The case, claimed.", own_headers=("ETag", "Idempotent-Replayed")),
        204: {"description": "No case is free."},
        **operations.problems(*_OF_KEYS, CardNumberMisplaced, OutcomeUnknown),
    },
    openapi_extra={"parameters": [KEY], **operations.needs(_SCOPE)},
)
async def claim_next_case(
    request: Request, principal: Annotated[Principal, requires(_SCOPE)], services: Service
) -> Response:
    """Claim the most urgent free case of the account for 15 minutes: those assigned to the key first,
    then the one with the highest score, then the oldest.

    However many ask at once, each case goes to one of them. A case is free when nobody's claim holds, it is not
    put off, and it is not assigned to somebody else. The body is not read.
    """
    standing = services.gate.standing(request.scope, principal, _SCOPE)

    async def act(known_by: str | None) -> bytes:
        await standing.check()
        async with store_writes():
            case = await services.store(CaseDesk).claim_next(principal.account, Actor(principal.actor, known_by))
        return _NONE if case is None else case_at(case, now())

    reply = await once(services, request, principal, operation="POST /cases/next", body=b"", act=act)
    if reply.body == _NONE:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return answer(reply, {"ETag": _tag(reply.body)})


def _action(name: str, operation_id: str, summary: str, schema: str | None = None) -> Callable[[Route], Route]:
    """The route of an action, whose body has a schema if it has one."""
    bodies = () if schema is None else _OF_BODIES
    return router.post(
        f"/cases/{{case_id:not_an_operation}}/{name}",
        operation_id=operation_id,
        summary=summary,
        response_class=Response,
        responses={
            200: operations.answer(
                "Case", "The case as it stands then.", own_headers=("ETag", "Idempotent-Replayed")
            ),
            **operations.problems(
                *(CaseNotFound, CaseChanged, CaseClaimed, CaseStateConflict, IfMatchRequired),
                *(*bodies, *_OF_KEYS, CardNumberMisplaced, OutcomeUnknown),
            ),
        },
        openapi_extra={
            "parameters": [IF_MATCH, KEY],
            **({} if schema is None else operations.request_body(schema)),
            **operations.needs(_SCOPE),
        },
    )


@_action("claim", "claimCase", "Claim a case")
async def claim_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Take a case for 15 minutes. Who holds it already holds it longer; a case that is put off comes back."""
    return await _acted(services, request, principal, case_id, if_match, name="claim", action=Claim())


@_action("assign", "assignCase", "Assign a case", "AssignRequest")
async def assign_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Keep a case for a reviewer for 24 hours, or for nobody any longer.

    `POST /cases/next` gives it to them before any other case, and to nobody else. A claim of whoever assigns it ends,
    unless they assign it to themselves. Whoever names the case can still claim and decide it. Whether there is such a
    reviewer is not asked.
    """
    action = Assign(_ASSIGN.parsed(body := await _ASSIGN.read(request, services.settings)).assignee)
    return await _acted(services, request, principal, case_id, if_match, name="assign", action=action, body=body)


@_action("release", "releaseCase", "Release a case")
async def release_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Give the own claim back, so that the case is the next one for somebody else."""
    return await _acted(services, request, principal, case_id, if_match, name="release", action=Release())


@_action("snooze", "snoozeCase", "Put a case off", "SnoozeRequest")
async def snooze_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Put a case off for a while, or until a further alert of its card; a claim is given back."""
    action = Snooze(_SNOOZE.parsed(body := await _SNOOZE.read(request, services.settings)).minutes)
    return await _acted(services, request, principal, case_id, if_match, name="snooze", action=action, body=body)


@_action("note", "noteCase", "Note something on a case", "NoteRequest")
async def note_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Write something down in the audit of a case, whoever holds it, also when it is closed."""
    action = Note(_NOTE.parsed(body := await _NOTE.read(request, services.settings)).text)
    return await _acted(services, request, principal, case_id, if_match, name="note", action=action, body=body)


@_action("close", "closeCase", "Close a case", "CloseRequest")
async def close_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Decide a case. Each of its transactions gets one label, `fraud` or `legitimate`; `inconclusive` gives none."""
    said = _CLOSE.parsed(body := await _CLOSE.read(request, services.settings))
    action = Close(said.resolution, said.reason)
    return await _acted(services, request, principal, case_id, if_match, name="close", action=action, body=body)


@_action("reopen", "reopenCase", "Reopen a case", "ReopenRequest")
async def reopen_case(
    request: Request,
    case_id: str,
    principal: Annotated[Principal, requires(_SCOPE)],
    services: Service,
    if_match: IfMatch = None,
) -> Response:
    """Take a decision up again. Its labels stay until the case is closed again, and then in their history."""
    action = Reopen(_REOPEN.parsed(body := await _REOPEN.read(request, services.settings)).reason)
    return await _acted(services, request, principal, case_id, if_match, name="reopen", action=action, body=body)


async def _acted(
    services: Services,
    request: Request,
    principal: Principal,
    case_id: str,
    if_match: str | None,
    *,
    name: str,
    action: CaseAction,
    body: bytes = b"",
) -> Response:
    """The answer to an action.

    Raises:
        Problem: whatever it is refused with.
    """
    own_id = case_id_of(case_id)
    if if_match is None:
        raise IfMatchRequired
    seen = version_of(if_match)
    standing = services.gate.standing(request.scope, principal, _SCOPE)

    async def act(known_by: str | None) -> bytes:
        await standing.check()  # the body, and the table of keys, may have been waited for
        desk, actor = services.store(CaseDesk), Actor(principal.actor, known_by)
        with _refusals():
            async with store_writes():
                case = await desk.act(principal.account, own_id, action, actor, seen=seen)
        if case is None:
            raise CaseNotFound
        return case_at(case, now())

    reply = await once(
        services,
        request,
        principal,
        operation=f"POST /cases/{own_id}/{name}",
        body=body + b"\0" + if_match.encode(errors="replace"),
        act=act,
    )
    return answer(reply, {"ETag": _tag(reply.body)})


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what a case refuses into the problem that says so."""
    try:
        yield
    except CaseChangedError:
        raise CaseChanged from None
    except CaseError as error:
        raise _REFUSALS[error.fault] from None


def _tag(body: bytes) -> str:
    return tag_of_version(from_json(body)["version"])


resource: Final = Resource(
    tag=TAG,
    router=router,
    words={
        **CASE_ID_WORDS,
        # Whatever a header can carry: what is no tag of a case is of no version.
        "if-match": {"schema": {"pattern": r"^[\t\x20-\x7e\x80-\xff]*$"}, "example": '"v2"'},
    },
)
