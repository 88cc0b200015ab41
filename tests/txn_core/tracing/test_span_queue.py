"""Whoever finishes a span never waits for the collector, and what is dropped is counted."""

import threading
import time
from collections.abc import Sequence

from txn_core.tracing import span_queue
from txn_core.tracing.span_queue import BATCH_MAX, SPANS_MAX, FinishedSpan, SpanIds, SpanQueue
from txn_core.tracing.span_table import Kind

SPAN = FinishedSpan("score", Kind.INTERNAL, SpanIds(1, 2, 0), 1, 2, {}, failed=False)
WAIT_S_MAX = 30.0


def test_spans_are_sent_in_their_order_and_in_batches() -> None:
    """All of them, the last ones at the end."""
    sent: list[Sequence[FinishedSpan]] = []

    def send(spans: Sequence[FinishedSpan]) -> bool:
        sent.append(spans)
        return True

    queue = SpanQueue(send, every_s=WAIT_S_MAX)
    spans = [
        FinishedSpan("score", Kind.INTERNAL, SpanIds(1, number, 0), 1, 2, {}, failed=False) for number in range(1_300)
    ]
    for span in spans:
        queue.put(span)
    queue.start()
    queue.close()
    assert [span for batch in sent for span in batch] == spans
    assert max(map(len, sent)) == BATCH_MAX
    assert (queue.exported, queue.dropped) == (1_300, 0)


def test_a_collector_that_takes_nothing_costs_the_spans() -> None:
    """They are counted, and the queue goes on."""
    queue = SpanQueue(lambda _: False, every_s=0.001)
    queue.start()
    for _ in range(10):
        queue.put(SPAN)
    queue.close()
    assert (queue.exported, queue.dropped) == (0, 10)


def test_a_collector_that_never_answers_holds_up_nobody() -> None:
    """Memory is bounded, putting takes no time, and the end waits for a bounded time."""
    answers, asked = threading.Event(), threading.Event()

    def hang(_: Sequence[FinishedSpan]) -> bool:
        asked.set()
        return answers.wait(WAIT_S_MAX)

    queue = SpanQueue(hang, every_s=0.001)
    queue.start()
    queue.put(SPAN)
    assert asked.wait(WAIT_S_MAX)
    for _ in range(3 * SPANS_MAX):
        queue.put(SPAN)
    assert queue.dropped == 2 * SPANS_MAX
    began_s = time.monotonic()
    queue.close()
    assert time.monotonic() - began_s < span_queue.CLOSE_S_MAX + WAIT_S_MAX / 2
    assert queue.dropped == 3 * SPANS_MAX
    answers.set()
