"""Spans say what the fixed list has, and nothing else; without traces there are none."""

import asyncio
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import card_number
from tests.support.kept_spans import kept_spans
from txn_core.tracing import span_table
from txn_core.tracing.span_table import (
    BYTES,
    OUTCOME,
    RECORDS,
    SHARD,
    SPANS,
    STATUS,
    Attribute,
    SpanName,
    admitted,
)
from txn_core.tracing.spans import span

ATTRIBUTES = [each for each in vars(span_table).values() if isinstance(each, Attribute)]
PROCESSES = ("txn_cli.api_process", "workers.ingest.ingest_process, workers.hosts.process, workers.index.index_drain")


def test_spans_are_nested_by_task() -> None:
    """A span in another one is its child; one in another task that began in it, too; a root is nobody's."""

    async def inner() -> None:
        with span(SpanName.SCORE):
            await asyncio.sleep(0)

    async def outer() -> None:
        with span(SpanName.DRAIN_BATCH) as current:
            current.set(RECORDS, 3)
            await asyncio.gather(inner(), inner())
            with span(SpanName.PUT_RECORDS, root=True):
                pass

    with kept_spans() as kept:
        asyncio.run(outer())
    (batch,), (put,) = kept.named("drain_batch"), kept.named("put_records")
    scores = kept.named("score")
    assert {score.ids.parent_id for score in scores} == {batch.ids.span_id}
    assert {score.ids.trace_id for score in scores} == {batch.ids.trace_id}
    assert put.ids.trace_id != batch.ids.trace_id
    assert put.ids.parent_id == batch.ids.parent_id == 0
    assert batch.attributes == {"txn.records": 3}
    assert len({each.ids.span_id for each in kept.finished}) == 4
    assert all(0 < each.began_ns <= each.ended_ns for each in kept.finished)


def test_an_error_is_noted_by_its_class_alone() -> None:
    """Its text may quote."""
    with kept_spans() as kept, pytest.raises(ValueError, match="secret"), span(SpanName.S3_PUT):
        raise ValueError("secret")
    (found,) = kept.finished
    assert found.failed
    assert found.attributes == {"error.type": "ValueError"}


@pytest.mark.parametrize("ratio", [0.0, 0.25, 1.0])
def test_a_share_of_traces_is_recorded_whole(ratio: float) -> None:
    """With a span go all that are in it."""
    with kept_spans(ratio) as kept:
        for _ in range(400):
            with span(SpanName.DRAIN_BATCH), span(SpanName.DYNAMODB_WRITE):
                pass
    batches, writes = kept.named("drain_batch"), kept.named("dynamodb_write")
    assert {batch.ids.trace_id for batch in batches} == {write.ids.trace_id for write in writes}
    assert abs(len(batches) - 400 * ratio) < 60 * (0 < ratio < 1) + 1


def test_every_span_has_a_row() -> None:
    """And every attribute is in one."""
    assert set(SPANS) == set(SpanName)
    assert set(ATTRIBUTES) == {each for shape in SPANS.values() for each in shape.attributes}
    assert len({each.name for each in ATTRIBUTES}) == len(ATTRIBUTES)


def test_what_the_list_has_not_is_left_out() -> None:
    """Another span's attributes, texts of another form, and what is no number."""
    assert admitted(SpanName.SCORE, {RECORDS: 5, BYTES: 1, STATUS: 200}) == {"txn.records": 5}
    assert admitted(SpanName.DRAIN_BATCH, {SHARD: "shardId-000000000001"}) == {"txn.shard": "shardId-000000000001"}
    for attribute, value in ((SHARD, "shardId-1"), (RECORDS, "5"), (RECORDS, True)):
        assert admitted(SpanName.DRAIN_BATCH, {attribute: value}) == {}
    assert admitted(SpanName.INGEST_FILE, {OUTCOME: "acme/cards.csv"}) == {}


@settings(max_examples=30)
@given(st.sampled_from(ATTRIBUTES), st.integers(0, 10**6), st.text(max_size=8), st.text(max_size=8))
def test_no_attribute_takes_a_card_number(attribute: Attribute, number: int, before: str, after: str) -> None:
    """Whatever stands around it."""
    assert not attribute.takes(f"{before}{card_number(number)}{after}")


@given(st.sampled_from(ATTRIBUTES), st.text())
def test_no_attribute_takes_any_text(attribute: Attribute, text: str) -> None:
    """What is taken has no blank, no digits in a row but those of its form, and is short."""
    if attribute.takes(text):
        assert len(text) <= 128
        assert not any(character.isspace() or character in "@\"'<>&=" for character in text)


@pytest.mark.parametrize("modules", PROCESSES)
def test_opentelemetry_is_not_loaded_while_traces_are_off(modules: str) -> None:
    """Neither its SDK nor its exporter, of any process; the framework of the API loads its API package itself."""
    program = f"import {modules}, txn_core.tracing.traced, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "google.protobuf", "requests")
    assert [name for name in loaded if name.startswith(heavy)] == []
    if modules.startswith("workers"):
        assert [name for name in loaded if name.startswith("opentelemetry")] == []


def test_without_traces_a_span_is_nothing() -> None:
    """It takes what is set on it, and what is raised passes through."""
    with span(SpanName.SCORE) as current:
        current.set(RECORDS, 1)
    with pytest.raises(LookupError), span(SpanName.SCORE):
        raise LookupError
