"""Liveness and readiness, open to all, and metrics, for an API key unless configured: for machines that watch."""

from typing import Annotated, Final, Literal

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response

from txn_api.edge.headers import RawHeaders
from txn_api.exposition import Exposition
from txn_api.openapi import operations
from txn_api.resource import Resource, Tag
from txn_api.router import Router
from txn_api.schemas import Shape
from txn_api.services import Service
from txn_core.readiness import OK

_TAG: Final = Tag("operations", "Health and metrics.")
router = Router(tags=[_TAG.name])
_NO_STORE = {"Cache-Control": "no-store"}


class Health(Shape):
    """The process is alive."""

    status: Literal["ok"]


class ReadinessReport(Shape):
    """Whether each dependency answers."""

    status: Literal["ready", "not_ready"]
    checks: Annotated[dict[str, Literal["ok", "unavailable"]], Field(max_length=8)]


@router.get(
    "/healthz",
    operation_id="getLiveness",
    summary="Is the process alive?",
    response_class=Response,
    responses={200: operations.answer("Health", "The process is alive."), **operations.problems_of_open()},
    openapi_extra=operations.open_to_all(),
)
async def healthz() -> Response:
    """Answer without asking any dependency."""
    return Response(b'{"status":"ok"}', media_type="application/json", headers=_NO_STORE)


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Can the process do its work?",
    response_class=Response,
    responses={
        200: operations.answer("ReadinessReport", "Every dependency answers.", only=("ready",)),
        503: operations.answer("ReadinessReport", "Some dependency does not answer.", only=("not_ready",)),
        **operations.problems_of_open(),
    },
    openapi_extra=operations.open_to_all(),
)
async def readyz(services: Service) -> Response:
    """Ask the stream and the index table, at most once in two seconds."""
    checks = await services.readiness.found()
    ready = all(check == OK for check in checks.values())
    return Response(
        to_json({"status": "ready" if ready else "not_ready", "checks": checks}),
        status_code=200 if ready else 503,
        media_type="application/json",
        headers=_NO_STORE,
    )


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={200: operations.text_answer("Metrics", "Prometheus text format."), **operations.problems()},
    openapi_extra=operations.open_unless_configured("admin"),
)
async def metrics(request: Request, services: Service) -> Response:
    """Write the metrics in Prometheus' text format: the process's, or those of all that serve the port with it.

    For keys with the scope `admin`, unless `TXN_METRICS_NEED_ADMIN` is `false`. Rendered once a second at most: who
    asks twice within a second gets the same text.
    """
    if services.settings.metrics_need_admin:
        await services.gate.admit(request.scope, request.receive, RawHeaders.of(request.scope), "admin")
    exposition: Exposition = request.app.state.exposition
    return Response(await exposition.text(), media_type=CONTENT_TYPE_LATEST, headers=_NO_STORE)


resource: Final = Resource(
    tag=_TAG,
    router=router,
    is_open=True,
    shapes=(Health, ReadinessReport),
    examples={
        "Health": {"alive": {"status": "ok"}},
        "ReadinessReport": {
            "ready": {"status": "ready", "checks": {"kinesis": "ok", "dynamodb": "ok"}},
            "not_ready": {"status": "not_ready", "checks": {"kinesis": "ok", "dynamodb": "unavailable"}},
        },
        "Metrics": {
            "one_family": (
                "# HELP txn_http_requests_in_flight Requests being answered\n"
                "# TYPE txn_http_requests_in_flight gauge\n"
                "txn_http_requests_in_flight 1.0\n"
            )
        },
    },
)
