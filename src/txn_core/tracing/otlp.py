"""OTLP over HTTP, by OpenTelemetry's SDK and exporter. Nothing else imports them, and this only while traces are on.

The exporter's own variables hold (`OTEL_EXPORTER_OTLP_HEADERS` for a credential of the collector, `..._CERTIFICATE`
for its authority, `..._COMPRESSION`), but not its address, which is a setting of ours.
"""

import logging
from collections.abc import Sequence
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from txn_core.tracing.span_queue import FinishedSpan

SEND_S_MAX: Final = 5.0
"""How long sending some spans may take, the exporter's retries included."""
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_SCOPE: Final = InstrumentationScope("txn-api")

_log = structlog.get_logger()

# Its lines quote addresses and errors; of an outage we say once that it began, and once that it ended.
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


class OtlpSender:
    """Sends finished spans to one collector."""

    def __init__(self, url: str, service: str) -> None:
        """`service` is the kind of process, which every span says as `service.name`."""
        self._exporter = OTLPSpanExporter(endpoint=url, timeout=SEND_S_MAX)
        # Made by its constructor: `Resource.create` would add what variables and the machine say.
        self._resource = Resource({"service.namespace": "txn", "service.name": service})
        self._fails = False

    def send(self, spans: Sequence[FinishedSpan]) -> bool:
        """Send spans; whether they were taken."""
        try:
            taken = self._exporter.export([self._readable(span) for span in spans]) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - whatever the library raises costs these spans, and not the thread
            taken = False
            _log.error("spans_not_sent", exc_info=True)
        if taken is self._fails:
            self._fails = not taken
            if taken:
                _log.info("collector_back")
            else:
                _log.warning("collector_away")
        return taken

    def close(self) -> None:
        """Let a retry that waits end now."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call] # it says nothing of what it returns

    def _readable(self, span: FinishedSpan) -> ReadableSpan:
        ids = span.ids
        parent = SpanContext(ids.trace_id, ids.parent_id, is_remote=False) if ids.parent_id else None
        return ReadableSpan(
            span.name,
            SpanContext(ids.trace_id, ids.span_id, is_remote=False, trace_flags=_SAMPLED),
            parent,
            self._resource,
            dict(span.attributes),
            kind=SpanKind[span.kind.value],
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=span.began_ns,
            end_time=span.ended_ns,
            instrumentation_scope=_SCOPE,
        )
