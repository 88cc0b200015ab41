"""The HTTP application of the service: the one place where its parts are put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from insight.http import documentation, explorer_routes, origins, question_routes
from insight.http.application import InsightApp
from insight.http.services import Asked, open_insight
from txn_api.edge import framework_errors, security_headers
from txn_api.edge.edge import Edge
from txn_api.exposition import Exposition
from txn_api.openapi.document import API_VERSION, About, install
from txn_api.routes import health
from txn_core.emf.reporter import reported
from txn_core.logs.log_metrics import LogMetrics
from txn_core.settings import Settings
from txn_core.tracing.traced import traced

RESOURCES: Final = (question_routes.resource, explorer_routes.resource, health.resource)
SERVICE: Final = "insight"
"""What logs, metrics and spans call the process."""
REQUESTS_MAX: Final = 512
"""Requests answered at once, those included that wait for a query; more are answered 503."""
_DESCRIPTION: Final = """\
The twelve questions of analysts, answered from the warehouse, for pages and programs. What is told of fewer than five
customers is hidden, and what would tell of it. The keys are the API's, with the scope `insight:read`; problems are
RFC 9457 documents with a stable `code`, explained by the API's own pages. Answers change with the data alone: they
carry its version as `ETag`, and `If-None-Match` is answered 304."""
ABOUT: Final = About(
    title="txn-insight",
    summary="Questions to the warehouse, with their numbers, their SQL and what is seen in them.",
    description=_DESCRIPTION,
    servers=(
        {
            "url": "http://127.0.0.1:8090",
            "description": "Local: `insight_url` in a stack's ready.json names the port.",
            "x-internal": True,
        },
    ),
)


def create_insight(settings: Settings, asked: Asked) -> InsightApp:
    """Build the application; its clients are opened when it starts."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    LogMetrics(registry, "txn_insight")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            reported(registry, settings, SERVICE),
            traced(registry, settings, SERVICE),
            open_insight(settings, asked, registry) as services,
        ):
            app.state.services = services
            yield
        edge.close()

    edge = Edge(
        requests_max=REQUESTS_MAX,
        registry=registry,
        headers=(*security_headers.of_every_answer(settings), *origins.of_every_answer(settings)),
        log_all=settings.log_level == "debug",
    )
    app = InsightApp(
        edge,
        raw_routes=[],
        keyed=[question_routes.router, explorer_routes.router],
        opened=[health.router, documentation.router],
        title=ABOUT.title,
        version=API_VERSION,
        lifespan=lifespan,
    )
    app.state.registry = registry
    app.state.exposition = Exposition(registry, None)
    framework_errors.install(app)
    install(app, RESOURCES, ABOUT)
    return app
