"""`POST /transactions`: one transaction, acknowledged only when it is durably on the stream."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from txn_api import openapi
from txn_api.acknowledgement import accepted, problem_of
from txn_api.auth import Principal, requires
from txn_api.bodies import read_body
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    ContentEncodingUnsupported,
    IdRequired,
    MalformedJson,
    MediaTypeUnsupported,
    NotStored,
    OutcomeUnknown,
    ValidationFailed,
)
from txn_api.services import Services
from txn_api.surroundings import surroundings
from txn_core.errors import ProducerError

router = APIRouter(tags=["transactions"])

_REFUSALS = (
    MalformedJson,
    BodyTimeout,
    BodyTooLarge,
    MediaTypeUnsupported,
    ContentEncodingUnsupported,
    ValidationFailed,
    IdRequired,
    NotStored,
    OutcomeUnknown,
)


@router.post(
    "/transactions",
    operation_id="postTransaction",
    summary="Send one transaction",
    status_code=202,
    response_class=Response,
    responses={202: openapi.answer("Accepted", "Durably on the stream."), **openapi.problems(*_REFUSALS)},
    openapi_extra=openapi.request_body("TransactionRequest"),
)
async def post_transaction(
    request: Request, principal: Annotated[Principal, requires("transactions:write")]
) -> Response:
    """Validate a transaction, give it its ids and put it on the stream.

    202 is sent only after the stream returned a sequence number for this very transaction. Sending the same
    transaction again is always safe.
    """
    services: Services = request.app.state.services
    settings = services.settings
    body = await read_body(request, bytes_max=settings.body_bytes_max, deadline_s=settings.body_deadline_s)
    event = services.intake.admit(
        body,
        account=principal.account,
        surroundings=surroundings(request),
        # An empty one would give all who send it the same id.
        idempotency_key=request.headers.get("idempotency-key") or None,
    )
    try:
        landing = await services.producer.put(event.card_id, event.data)
    except ProducerError as error:
        raise problem_of(error) from None
    return Response(
        accepted(event, landing),
        status_code=202,
        media_type="application/json",
        headers={"Location": f"/transactions/{event.transaction_id}", "Cache-Control": "no-store"},
    )
