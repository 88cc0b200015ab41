"""Spans reach a collector as OTLP, and one that is away, slow or silent costs spans alone."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.support.otlp_receiver import OtlpReceiver, receiving
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.tracing import spans, traced
from txn_core.tracing.span_queue import CLOSE_S_MAX
from txn_core.tracing.span_table import DRAIN, RECORDS, SHARD, SpanName
from txn_core.tracing.spans import span

WAIT_S_MAX = 30.0


def exported(receiver: OtlpReceiver) -> list[Any]:
    """The spans that a receiver was sent, by OpenTelemetry's own reading."""
    trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    requests = [trace_service.ExportTraceServiceRequest.FromString(body) for body in receiver.bodies]
    resources = [resource for request in requests for resource in request.resource_spans]
    for resource in resources:
        attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
        assert attributes == {"service.namespace": "txn", "service.name": "worker-index"}
    return [each for resource in resources for scope in resource.scope_spans for each in scope.spans]


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not holds():  # noqa: ASYNC110 - another thread makes it hold
            await asyncio.sleep(0.01)


def batch(records: int) -> None:
    """A span in a span."""
    with span(SpanName.DRAIN_BATCH) as current:
        current.set(DRAIN, "index")
        current.set(SHARD, "shardId-000000000000")
        current.set(RECORDS, records)
        with span(SpanName.DYNAMODB_WRITE):
            pass


@pytest.fixture
def otel(own_environment: pytest.MonkeyPatch) -> None:
    """The packages of the extra `otel`."""
    pytest.importorskip("opentelemetry.sdk")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")


def settings(receiver: OtlpReceiver) -> Settings:
    """Everything is traced."""
    return Settings(otlp_traces_url=receiver.url, traces_ratio=1)


@pytest.mark.usefixtures("otel")
async def test_spans_arrive_as_they_were() -> None:
    """Names, kinds, times, ids and attributes; the last ones when the process ends."""
    registry = CollectorRegistry()
    with receiving() as receiver:
        async with traced.traced(registry, settings(receiver), "worker-index"):
            batch(5)
            with pytest.raises(LookupError), span(SpanName.SCORE):
                raise LookupError
        found = {each.name: each for each in exported(receiver)}
    assert found.keys() == {"drain_batch", "dynamodb_write", "score"}
    outer, inner, failed = found["drain_batch"], found["dynamodb_write"], found["score"]
    assert inner.parent_span_id == outer.span_id
    assert inner.trace_id == outer.trace_id != failed.trace_id
    assert outer.parent_span_id == b""
    assert (outer.kind, inner.kind, failed.kind) == (5, 3, 1)
    assert 0 < outer.start_time_unix_nano <= inner.start_time_unix_nano <= outer.end_time_unix_nano
    values = {each.key: each.value for each in outer.attributes}
    assert (values["txn.records"].int_value, values["txn.shard"].string_value) == (5, "shardId-000000000000")
    assert (outer.status.code, failed.status.code, failed.status.message) == (0, 2, "")
    assert registry.get_sample_value("txn_spans_exported_total") == 3
    assert registry.get_sample_value("txn_spans_dropped_total") == 0
    assert spans.recorder is None


@pytest.mark.usefixtures("otel")
@pytest.mark.parametrize("status", [400, 503])
async def test_what_a_collector_refuses_is_dropped_and_counted(status: int) -> None:
    """The end waits no longer than it may."""
    registry = CollectorRegistry()
    with receiving() as receiver:
        receiver.status = status
        async with traced.traced(registry, settings(receiver), "worker-index"):
            batch(1)
            await until(lambda: bool(receiver.bodies))
            began_s = time.monotonic()
        assert time.monotonic() - began_s < CLOSE_S_MAX + WAIT_S_MAX / 2
    assert registry.get_sample_value("txn_spans_exported_total") == 0


@pytest.mark.usefixtures("otel")
async def test_a_collector_that_never_answers_holds_up_nothing() -> None:
    """Neither what is traced nor the end of the process."""
    registry = CollectorRegistry()
    with receiving() as receiver:
        receiver.answering.clear()
        async with traced.traced(registry, settings(receiver), "worker-index"):
            batch(1)
            await until(lambda: bool(receiver.bodies))
            began_s = time.monotonic()
            for _ in range(2_000):
                batch(1)
            assert time.monotonic() - began_s < WAIT_S_MAX / 2
        assert (registry.get_sample_value("txn_spans_dropped_total") or 0) > 2_000
        assert time.monotonic() - began_s < WAIT_S_MAX


async def test_without_the_extra_a_process_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start without the traces that it was told to make."""
    monkeypatch.setattr(traced, "_OTLP", "opentelemetry_that_is_missing")
    with pytest.raises(SettingsError, match="otel"):
        async with traced.traced(CollectorRegistry(), Settings(otlp_traces_url="http://127.0.0.1:1/"), "api"):
            pass


def test_only_safe_addresses_are_taken(own_environment: pytest.MonkeyPatch) -> None:
    """A trace says when which request was answered: on its way nobody is to read it."""
    own_environment.setenv("TXN_OTLP_TRACES_URL", "http://collector.example.com/v1/traces")
    with pytest.raises(SettingsError, match="TXN_OTLP_TRACES_URL"):
        Settings.from_environment()
