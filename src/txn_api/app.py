"""The HTTP application: the one place where its parts are put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from txn_api.edge import framework_errors, security_headers
from txn_api.edge.application import App
from txn_api.edge.edge import Edge
from txn_api.exposition import Exposition
from txn_api.openapi.document import API_VERSION, install
from txn_api.process_metrics import ProcessMetrics
from txn_api.resource import Resource
from txn_api.routes import (
    alert_quality,
    alerts,
    bulk,
    case_actions,
    case_events,
    cases,
    conflicts,
    documentation,
    health,
    labels,
    merchants,
    page,
    post,
    reads,
    related,
    similar_cases,
)
from txn_api.services import open_services
from txn_core.aws.call_failures import CallFailureMetrics
from txn_core.emf.reporter import reported
from txn_core.logs.log_metrics import LogMetrics
from txn_core.settings import Settings
from txn_core.tracing.traced import traced

RESOURCES: Final = (
    post.resource,
    bulk.resource,
    reads.resource,
    conflicts.resource,
    related.resource,
    merchants.resource,
    alert_quality.resource,  # before the alerts, whose ids stand in the same place of a path
    alerts.resource,
    cases.resource,
    case_actions.resource,
    case_events.resource,
    similar_cases.resource,
    labels.resource,
    health.resource,
)
SERVICE: Final = "api"
"""What logs, metrics and spans call a process of it."""
_PAGES: Final = (page.router, documentation.router)


def create_app(
    settings: Settings,
    process_metrics: ProcessMetrics | None = None,
    *,
    resources: Sequence[Resource] = RESOURCES,
) -> App:
    """Build the application; its clients and tables are opened when it starts.

    With `process_metrics` it is one of several processes that serve the same port, and tells the metrics of all.
    """
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    LogMetrics(registry, "txn_api")
    CallFailureMetrics(registry, "txn_api")
    exposition = Exposition(registry, process_metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            reported(registry, settings, SERVICE),
            traced(registry, settings, SERVICE),
            open_services(settings, registry, resources, exposition.metrics) as services,
        ):
            app.state.services = services
            async with process_metrics.told(registry) if process_metrics else nullcontext():
                yield
        edge.close()

    edge = Edge(
        requests_max=settings.api_concurrency_max,
        registry=registry,
        headers=security_headers.of_every_answer(settings),
        log_all=settings.log_level == "debug",
    )
    app = App(
        edge,
        raw_routes=[route for each in resources for route in each.raw_routes],
        keyed=[each.router for each in resources if not each.is_open],
        opened=[*(each.router for each in resources if each.is_open), *_PAGES],
        title="txn-api",
        version=API_VERSION,
        lifespan=lifespan,
    )
    app.state.registry = registry
    app.state.exposition = exposition
    framework_errors.install(app)
    install(app, resources)
    return app
