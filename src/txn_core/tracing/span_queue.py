"""Finished spans on their way to a collector: whoever finishes one never waits for it.

The queue has a bound, and a thread of its own sends what is in it. What does not fit, and what the collector does not
take, is dropped and counted. OpenTelemetry's own processor was not taken: it does not count what it drops, the end of
a process may wait half a minute for it, and its spans cost the event loop five times as much (ADR 53).
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from txn_core.tracing.span_table import Kind, Value

SPANS_MAX: Final = 2_048
"""Finished spans that wait, in all half a megabyte."""
BATCH_MAX: Final = 512
"""Spans that are sent at once."""
EVERY_S: Final = 1.0
"""How long a span waits at most before it is sent."""
CLOSE_S_MAX: Final = 1.5
"""How long the end of the process waits for what is still queued."""


class SpanIds(NamedTuple):
    """A span's place in its trace."""

    trace_id: int
    """128 bits, not 0."""
    span_id: int
    """64 bits, not 0."""
    parent_id: int
    """0 for a span without a parent."""


@dataclass(frozen=True, slots=True)
class FinishedSpan:
    """A span as it is sent. Times are nanoseconds since 1970."""

    name: str
    kind: Kind
    ids: SpanIds
    began_ns: int
    ended_ns: int
    attributes: Mapping[str, Value]
    failed: bool


Send = Callable[[Sequence[FinishedSpan]], bool]
"""Sends spans, in bounded time, and says whether they were taken. Raises nothing."""


class SpanQueue:
    """The spans of one process."""

    def __init__(self, send: Send, every_s: float = EVERY_S) -> None:
        self._send, self._every_s = send, every_s
        self._spans: deque[FinishedSpan] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._send_all, name="spans", daemon=True)
        self.exported = 0
        """Spans that the collector has taken."""
        self.dropped = 0
        """Spans that did not fit, or that the collector did not take."""

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, span: FinishedSpan) -> None:
        """Queue a span, or drop and count it."""
        if len(self._spans) >= SPANS_MAX or self._closing:
            self.dropped += 1
            return
        self._spans.append(span)
        if len(self._spans) == BATCH_MAX:
            self._wake.set()

    def close(self) -> None:
        """Send what is queued, but do not wait for long; what is left then is dropped."""
        self._closing = True
        self._wake.set()
        self._thread.join(CLOSE_S_MAX)
        self.dropped += len(self._spans)
        self._spans.clear()

    def _send_all(self) -> None:
        while not self._closing:
            self._wake.wait(self._every_s)
            self._wake.clear()
            while self._spans:
                batch = [self._spans.popleft() for _ in range(min(len(self._spans), BATCH_MAX))]
                if self._send(batch):
                    self.exported += len(batch)
                else:
                    self.dropped += len(batch)
