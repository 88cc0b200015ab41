"""Labels: what became known of transactions, one by one and in bulk, however late."""

import re
from functools import partial
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from fraud.records.documents import document_of
from fraud.records.label import Label
from fraud.review.label_desk import LabelDesk
from txn_api.access.auth import Principal, requires
from txn_api.edge.headers import RawHeaders
from txn_api.edge.query_checks import each_once, searched
from txn_api.openapi import examples, operations
from txn_api.problems import (
    AccountForbidden,
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    ContentEncodingUnsupported,
    IdempotencyKeyInFlight,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    LabelNotFound,
    MalformedJson,
    MediaTypeUnsupported,
    OutcomeUnknown,
    ValidationFailed,
)
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.routes.alerts import AccountParameters
from txn_api.routes.bulk import TOTALS, UploadResponse, lines_of
from txn_api.routes.case_actions import KEY, NoParameters
from txn_api.routes.review_shapes import LABEL_EXAMPLES, LABEL_REQUEST, LabelledShape, LabelRequest
from txn_api.services import Service
from txn_api.stores import store_reads, store_writes
from txn_api.writes.bodies import NDJSON, check_type
from txn_api.writes.bulk_upload import Admit
from txn_api.writes.encodings import ENCODINGS, Decoder
from txn_api.writes.json_bodies import JsonBody
from txn_api.writes.keyed_writes import answer, once
from txn_api.writes.label_lines import LabelLine, LabelSink, LabelToWrite
from txn_core.api_keys import Scope
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.faults import ID_PATTERN, Fault
from txn_core.transactions.identity import TransactionId
from txn_core.transactions.instants import now
from txn_core.transactions.transaction import refuse_future

_WRITE: Final[Scope] = "labels:write"
_READ: Final[Scope] = "alerts:read"
_ID: Final = re.compile(ID_PATTERN)
_BODY: Final = JsonBody(LabelRequest)
TAG: Final = Tag("labels", "What became known of transactions.")
router = Router(tags=[TAG.name])
_UNASKED: Final = [searched(NoParameters), each_once(NoParameters)]


@router.post(
    "/labels",
    operation_id="postLabel",
    dependencies=_UNASKED,
    summary="Label a transaction",
    response_class=Response,
    responses={
        200: operations.answer(
            "Labels", "All labels of the transaction, durably stored.", own_headers=("Idempotent-Replayed",)
        ),
        **operations.problems(
            *(MalformedJson, BodyTimeout, BodyTooLarge, MediaTypeUnsupported, ContentEncodingUnsupported),
            *(ValidationFailed, CardNumberMisplaced, OutcomeUnknown),
            *(IdempotencyKeyMalformed, IdempotencyKeyInFlight, IdempotencyKeyReused),
        ),
    },
    openapi_extra={"parameters": [KEY], **operations.request_body("LabelRequest"), **operations.needs(_WRITE)},
)
async def post_label(
    request: Request, principal: Annotated[Principal, requires(_WRITE)], services: Service
) -> Response:
    """Say what is known of a transaction of the account, weeks later as often as not.

    The label with the latest `labelled_at` counts, and all others are kept. The same label again changes nothing.
    """
    body = await _BODY.read(request, services.settings)
    said = _BODY.parsed(body)
    to_write = _label(said, principal.actor, services.settings.occurred_ahead_s_max)
    standing = services.gate.standing(request.scope, principal, _WRITE)

    async def act(_: str | None) -> bytes:
        await standing.check()
        async with store_writes():
            known = await services.store(LabelDesk).put(
                principal.account, said.transaction_id, to_write.label, is_dated=to_write.is_dated
            )
        return document_of(known).encode()

    reply = await once(services, request, principal, operation="POST /labels", body=body, act=act)
    return answer(reply)


@router.post(
    "/labels/bulk",
    operation_id="postLabelsInBulk",
    dependencies=_UNASKED,
    summary="Label many transactions",
    response_class=Response,
    responses={
        200: operations.lines_answer(
            "LabelLines",
            "One JSON document a line: the rejected lines, then the totals.",
            "BulkRejected",
            "BulkTotals",
        ),
        **operations.problems(
            MediaTypeUnsupported, ContentEncodingUnsupported, BodyTooLarge, BodyTimeout, CardNumberMisplaced
        ),
    },
    openapi_extra=operations.lines_body("LabelRequest", bytes_max=2**34) | operations.needs(_WRITE),
)
async def post_labels(
    request: Request, principal: Annotated[Principal, requires(_WRITE)], services: Service
) -> Response:
    """Take one label a line, as `POST /labels` does, such as a file of chargebacks.

    Body, bounds and answer are as of `POST /transactions/bulk`: `accepted` lines are durably stored. Uploading the
    same file again changes nothing.
    """
    encoding = check_type(RawHeaders.of(request.scope), NDJSON, ENCODINGS)
    rights = services.gate.standing(request.scope, principal, _WRITE)

    def admitting() -> Admit:
        return partial(_line, actor=rights.principal.actor, ahead_s_max=services.settings.occurred_ahead_s_max)

    return UploadResponse(
        services,
        principal.account,
        admitting,
        Decoder(encoding, content_bytes_max=services.settings.bulk_bytes_max),
        request.state.request_id,
        rights=rights,
        sink=LabelSink(services.store(LabelDesk), principal.account),
    )


@router.get(
    "/labels/{transaction_id:not_an_operation}",
    operation_id="getLabels",
    dependencies=[searched(AccountParameters), each_once(AccountParameters)],
    summary="Get the labels of a transaction",
    response_class=Response,
    responses={
        200: operations.answer("Labels", "All labels; the last one counts."),
        **operations.problems(LabelNotFound, AccountForbidden, CardNumberMisplaced),
    },
    openapi_extra=operations.needs(_READ),
)
async def get_labels(
    request: Request,
    transaction_id: str,
    principal: Annotated[Principal, requires(_READ)],
    parameters: Annotated[AccountParameters, Query()],
    services: Service,
) -> Response:
    """Get all labels of a transaction, read consistently."""
    if not _ID.fullmatch(transaction_id):
        raise LabelNotFound
    account = principal.reads(parameters.account)
    standing = services.gate.standing(request.scope, principal, _READ, reads=account)
    async with store_reads():
        known = await services.store(LabelDesk).of(account, TransactionId(transaction_id))
    await standing.check()
    if known is None:
        raise LabelNotFound
    return Response(document_of(known), media_type="application/json", headers={"Cache-Control": "no-store"})


def _label(said: LabelRequest, actor: str, ahead_s_max: float) -> LabelToWrite:
    """The label that a request asks for.

    Raises:
        ValidationFailed: its moment lies ahead.
    """
    at = now()
    if said.labelled_at is not None:
        try:
            refuse_future(said.labelled_at, now=at, ahead_s_max=ahead_s_max)
        except InvalidTransactionError:
            raise ValidationFailed([Fault("/labelled_at", "timestamp_in_future")]) from None
    label = Label(
        value=said.value,
        source=said.source,
        labelled_at=said.labelled_at or at,
        recorded_at=at,
        by=actor,
        reason=said.reason,
    )
    return LabelToWrite(label, is_dated=said.labelled_at is not None)


def _line(data: bytes, *, actor: str, ahead_s_max: float) -> LabelLine:
    said = _BODY.parsed(data)
    return LabelLine(document_of(_label(said, actor, ahead_s_max)).encode(), said.transaction_id)


resource: Final = Resource(
    tag=TAG,
    router=router,
    stores=(lambda dynamodb, names: LabelDesk(LabelTable(dynamodb, names.labels)),),
    shapes=(LabelledShape, LabelRequest),
    names={"LabelledShape": "Labels", "LabelShape": "Label"},
    examples={
        **LABEL_EXAMPLES,
        "LabelRequestLines": {"one_line": lines_of(LABEL_REQUEST)},
        "LabelLines": {
            "one_rejected": lines_of({"line": 2, "problem": examples.problem(ValidationFailed)}, TOTALS),
        },
    },
    words={
        "transaction_id": {
            "description": "The transaction's id.",
            "schema": {"type": "string", "pattern": ID_PATTERN},
            "example": LABEL_REQUEST["transaction_id"],
        }
    },
)
