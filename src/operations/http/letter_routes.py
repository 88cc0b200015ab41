"""Dead letters over HTTP: list them, look at one, send one or all of a reason again. Their bytes stay sealed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from operations.dead_letters.letter_catalogue import Name
from operations.dead_letters.letter_desk import UNFINISHED, LetterDesk, id_of, name_of
from operations.http.examples import LETTER, LETTER_ID, REPLAY
from operations.http.report_routes import TAG
from operations.report_desk import ReportDesk
from operations.shapes import LETTERS_MAX, DeadLetterList, ReplayReport
from txn_api.access.auth import Principal, requires
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import operations
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    ContentEncodingUnsupported,
    CursorInvalid,
    DeadLetterNotFound,
    IdempotencyKeyInFlight,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    MalformedJson,
    MediaTypeUnsupported,
    NotConfigured,
    OutcomeUnknown,
    StoreUnavailable,
    ValidationFailed,
)
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.case_actions import KEY, NoParameters
from txn_api.schemas import Parameters
from txn_api.services import Service, Services
from txn_api.stores import store_reads, store_writes
from txn_api.writes.json_bodies import JsonBody
from txn_api.writes.keyed_writes import answer, once
from txn_core.api_keys import Scope
from txn_core.card_numbers.free_text_fields import AN_ID
from txn_core.exceptions import StoreError
from workers.events.reasons import Reason

_READ: Final[Scope] = "operations:read"
_WRITE: Final[Scope] = "operations:write"
_KIND: Final = "dead-letters"
_REPLAY_S_MAX: Final = 30.0  # of a letter that is on its way, beyond which its outcome is in doubt
_NO_STORE: Final = {"Cache-Control": "no-store"}
_OF_KEYS: Final = (IdempotencyKeyMalformed, IdempotencyKeyInFlight, IdempotencyKeyReused)


class LetterParameters(Parameters):
    """Which page of dead letters."""

    reason: Reason | None = None
    limit: int = Field(20, ge=1, le=LETTERS_MAX)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)


class ReplayRequest(BaseModel):
    """Which dead letters are to be sent again."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Annotated[Reason, Field(description="All of this reason.")]
    cursor: Annotated[
        str | None,
        AN_ID,
        Field(
            min_length=1,
            max_length=CURSOR_CHARS_MAX,
            pattern="^[A-Za-z0-9_-]+$",
            description="Go on where an answer before this one ended.",
        ),
    ] = None


_BODY: Final = JsonBody(ReplayRequest)
router = Router(tags=[TAG.name])
_UNASKED: Final = [searched(NoParameters), each_once(NoParameters)]


@router.get(
    "/operations/dead-letters",
    operation_id="listDeadLetters",
    dependencies=[searched(LetterParameters), each_once(LetterParameters)],
    summary="List dead letters",
    response_class=Response,
    responses={
        200: operations.answer("DeadLetterList", "One page."),
        **operations.problems(CursorInvalid, CardNumberMisplaced, NotConfigured),
    },
    openapi_extra=operations.needs(_READ),
)
async def list_dead_letters(
    request: Request,
    parameters: Annotated[LetterParameters, Query()],
    principal: Annotated[Principal, requires(_READ)],
    services: Service,
) -> Response:
    """List what could not be processed, of all accounts: by reason, then the oldest day first.

    The copies that several drains keep of one position are one letter.
    """
    desk, bound_to = _configured(services), (_KIND, parameters.reason or "")
    after = None if parameters.cursor is None else _after(services, bound_to, parameters.cursor)
    standing = services.gate.standing(request.scope, principal, _READ)
    async with _letters_read():
        page = await desk.page(parameters.reason, after, parameters.limit)
    await standing.check()
    cursor = None if page.goes_on_behind is None else services.cursors.make(bound_to, page.goes_on_behind)
    listed = DeadLetterList(data=page.letters, has_more=cursor is not None, next_cursor=cursor)
    return Response(listed.model_dump_json(), media_type="application/json", headers=_NO_STORE)


@router.get(
    "/operations/dead-letters/{dead_letter_id:not_an_operation}",
    operation_id="getDeadLetter",
    dependencies=_UNASKED,
    summary="Get one dead letter",
    response_class=Response,
    responses={
        200: operations.answer("DeadLetter", "The letter, its bytes sealed."),
        **operations.problems(DeadLetterNotFound, CardNumberMisplaced, NotConfigured),
    },
    openapi_extra=operations.needs(_READ),
)
async def get_dead_letter(
    request: Request,
    dead_letter_id: str,
    principal: Annotated[Principal, requires(_READ)],
    services: Service,
) -> Response:
    """Get what is known of a dead letter: where it stood, what was wrong, and whether it was sent again."""
    desk, name = _configured(services), _named(dead_letter_id)
    standing = services.gate.standing(request.scope, principal, _READ)
    async with _letters_read():
        letter = await desk.letter(name)
    await standing.check()
    if letter is None:
        raise DeadLetterNotFound
    return Response(letter.model_dump_json(), media_type="application/json", headers=_NO_STORE)


@router.post(
    "/operations/dead-letters/{dead_letter_id:not_an_operation}/replay",
    operation_id="replayDeadLetter",
    dependencies=_UNASKED,
    summary="Send a dead letter again",
    response_class=Response,
    responses={
        200: operations.answer("ReplayReport", "What became of it.", own_headers=("Idempotent-Replayed",)),
        **operations.problems(DeadLetterNotFound, NotConfigured, *_OF_KEYS, CardNumberMisplaced, OutcomeUnknown),
    },
    openapi_extra={"parameters": [KEY], **operations.needs(_WRITE)},
)
async def replay_dead_letter(
    request: Request,
    dead_letter_id: str,
    principal: Annotated[Principal, requires(_WRITE)],
    services: Service,
) -> Response:
    """Put a record onto the stream again, with the same bytes, if it is an event by now.

    A letter is sent once, whoever asks and however often; a second time is answered with the outcome `replayed`. The
    body is not read.
    """
    desk, name = _sending(services), _named(dead_letter_id)
    standing = services.gate.standing(request.scope, principal, _WRITE)

    async def act(_: str | None) -> bytes:
        await standing.check()
        async with _letters_written():
            report = await desk.replay_one(name)
        if report is None:
            raise DeadLetterNotFound
        return report.model_dump_json().encode()

    operation = f"POST /operations/dead-letters/{id_of(name)}/replay"
    return answer(await once(services, request, principal, operation=operation, body=b"", act=act))


@router.post(
    "/operations/dead-letters/replay",
    operation_id="replayDeadLetters",
    dependencies=_UNASKED,
    summary="Send dead letters again",
    response_class=Response,
    responses={
        200: operations.answer("ReplayReport", "What became of them.", own_headers=("Idempotent-Replayed",)),
        **operations.problems(
            *(MalformedJson, BodyTimeout, BodyTooLarge, MediaTypeUnsupported, ContentEncodingUnsupported),
            *(ValidationFailed, CursorInvalid, NotConfigured, *_OF_KEYS, CardNumberMisplaced, OutcomeUnknown),
        ),
    },
    openapi_extra={"parameters": [KEY], **operations.request_body("ReplayRequest"), **operations.needs(_WRITE)},
)
async def replay_dead_letters(
    request: Request, principal: Annotated[Principal, requires(_WRITE)], services: Service
) -> Response:
    """Send the dead letters of a reason again, each as `POST .../replay` of one does.

    At most 50 letters, and five seconds, a call: while there is a `next_cursor`, ask again with it.
    """
    body = await _BODY.read(request, services.settings)
    said, desk = _BODY.parsed(body), _sending(services)
    bound_to = ("replay", said.reason)
    after, unfinished = (None, False) if said.cursor is None else _stop(services, bound_to, said.cursor)
    standing = services.gate.standing(request.scope, principal, _WRITE)

    async def act(_: str | None) -> bytes:
        await standing.check()
        async with _letters_written():
            report, behind = await desk.replay_some(said.reason, after, unfinished=unfinished)
        cursor = None if behind is None else services.cursors.make(bound_to, behind)
        return report.model_copy(update={"next_cursor": cursor}).model_dump_json().encode()

    operation = "POST /operations/dead-letters/replay"
    return answer(await once(services, request, principal, operation=operation, body=body, act=act))


def _configured(services: Services) -> LetterDesk:
    """The desk.

    Raises:
        NotConfigured: the API has no bucket.
    """
    desk = services.store(ReportDesk).letters
    if not desk.bucket.is_configured:
        raise NotConfigured
    return desk


def _sending(services: Services) -> LetterDesk:
    """The desk, where letters can be opened.

    Raises:
        NotConfigured: the API has no bucket, or no dead-letter key.
    """
    desk = services.store(ReportDesk).letters
    if not desk.sends:
        raise NotConfigured
    return desk


def _named(dead_letter_id: str) -> Name:
    """The letter's name.

    Raises:
        DeadLetterNotFound: no letter has such an id.
    """
    if (name := name_of(dead_letter_id)) is None:
        raise DeadLetterNotFound
    return name


def _after(services: Services, bound_to: tuple[str, ...], cursor: str) -> Name:
    """The letter behind which a page begins.

    Raises:
        CursorInvalid: the cursor is not one of this list's.
    """
    return _stop(services, bound_to, cursor)[0]


def _stop(services: Services, bound_to: tuple[str, ...], cursor: str) -> tuple[Name, bool]:
    """The letter that was reached, and whether it is unfinished.

    Raises:
        CursorInvalid: the cursor is not one of this list's.
    """
    text = services.cursors.read(bound_to, cursor)
    if (name := name_of(text.removesuffix(UNFINISHED))) is None:
        raise CursorInvalid
    return name, text.endswith(UNFINISHED)


@asynccontextmanager
async def _letters_read() -> AsyncIterator[None]:
    """Turn what the bucket fails with into the problem that says so."""
    try:
        async with store_reads():
            yield
    except StoreError:
        raise StoreUnavailable from None


@asynccontextmanager
async def _letters_written() -> AsyncIterator[None]:
    """The same of letters that are sent."""
    async with store_writes(_REPLAY_S_MAX):
        yield


resource: Final = Resource(
    tag=TAG,
    router=router,
    shapes=(DeadLetterList, ReplayReport, ReplayRequest),
    names={"DeadLetterShape": "DeadLetter", "ReplayCountShape": "ReplayCount"},
    examples={
        "DeadLetterList": {"one": {"data": [LETTER], "has_more": False, "next_cursor": None}},
        "DeadLetter": {"undecodable": LETTER},
        "ReplayReport": {"sent": REPLAY},
        "ReplayRequest": {"undecodable": {"reason": "undecodable"}},
    },
    words={
        "dead_letter_id": {
            "description": "The dead letter's id, as the list has it.",
            "schema": {"type": "string", "pattern": "^[a-z]+[.][0-9-]{10}[.][A-Za-z0-9_.-]+$", "maxLength": 220},
            "example": LETTER_ID,
        },
        "reason": {"description": "Those of this reason alone.", "example": "undecodable"},
    },
)
