"""Traces that are kept in memory, in the place of a collector."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from txn_core.tracing import spans
from txn_core.tracing.span_queue import FinishedSpan, SpanQueue


class KeptSpans(SpanQueue):
    """A queue that nobody empties."""

    def __init__(self) -> None:
        super().__init__(lambda _: True)
        self.finished: list[FinishedSpan] = []

    def put(self, span: FinishedSpan) -> None:
        """Keep a span."""
        self.finished.append(span)

    def named(self, name: str) -> Sequence[FinishedSpan]:
        """The finished spans of this name."""
        return [span for span in self.finished if span.name == name]


@contextmanager
def kept_spans(ratio: float = 1.0) -> Iterator[KeptSpans]:
    """Traces on, for the time of the block."""
    kept = KeptSpans()
    spans.recorder = spans.Recorder(kept, ratio)
    try:
        yield kept
    finally:
        spans.recorder = None
