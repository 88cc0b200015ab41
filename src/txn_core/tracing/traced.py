"""Traces for the time that a process runs, if its settings say so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.tracing import spans
from txn_core.tracing.span_queue import SpanQueue

_OTLP = "txn_core.tracing.otlp"


class SpanMetrics(Collector):
    """What becomes of spans."""

    def __init__(self, registry: CollectorRegistry, queue: SpanQueue) -> None:
        self._queue = queue
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The present counts."""
        yield CounterMetricFamily("txn_spans_exported", "Spans that the collector has taken", self._queue.exported)
        yield CounterMetricFamily(
            "txn_spans_dropped",
            "Spans that were dropped: too many waited, or the collector did not take them",
            self._queue.dropped,
        )


@asynccontextmanager
async def traced(registry: CollectorRegistry, settings: Settings, service: str) -> AsyncIterator[None]:
    """Record spans for the time of the block; OpenTelemetry is loaded here, and only if traces are on.

    Raises:
        SettingsError: the extra `otel` is not installed.
    """
    if settings.otlp_traces_url is None:
        yield
        return
    try:
        sender = import_module(_OTLP).OtlpSender(settings.otlp_traces_url, service)
    except ModuleNotFoundError as error:
        raise SettingsError("TXN_OTLP_TRACES_URL needs the extra `otel`: pip install '.[otel]'") from error
    queue = SpanQueue(sender.send)
    SpanMetrics(registry, queue)
    spans.recorder = spans.Recorder(queue, settings.traces_ratio)
    queue.start()
    try:
        yield
    finally:
        spans.recorder = None
        await asyncio.to_thread(queue.close)
        sender.close()
