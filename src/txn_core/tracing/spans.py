"""Spans as our code makes them. There is one recorder a process, as there is one log, and none while traces are off.

A span that begins inside another one of the same task is its child. Whether a trace is recorded is decided with its
first span: as its caller says, or else by chance.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from txn_core.tracing.span_queue import FinishedSpan, SpanIds, SpanQueue
from txn_core.tracing.span_table import ERROR, SPANS, Attribute, SpanName, Value, admitted


class Parent(NamedTuple):
    """The span that another one belongs to, of this process or of a caller."""

    trace_id: int
    span_id: int
    sampled: bool


class Recorder:
    """Makes spans and queues the finished ones."""

    def __init__(self, queue: SpanQueue, ratio: float, rng: random.Random | None = None) -> None:
        """Record this share of the traces that begin here."""
        self.queue, self._ratio, self._rng = queue, ratio, rng or random.Random()  # noqa: S311 - ids, no secrets

    def begins(self, parent: Parent | None, span_id: int = 0) -> Parent:
        """The place of a new span, whose id may be given; its children have it as their parent."""
        bits = self._rng.getrandbits
        if parent is not None:
            return Parent(parent.trace_id, span_id or bits(64) or 1, parent.sampled)
        return Parent(bits(128) or 1, span_id or bits(64) or 1, self._rng.random() < self._ratio)

    def finish(
        self,
        name: SpanName,
        place: Parent,
        parent: Parent | None,
        times_ns: tuple[int, int],
        attributes: dict[Attribute, Value],
        *,
        failed: bool = False,
    ) -> None:
        """Queue a span of a sampled trace, with those of its attributes that it may have."""
        ids = SpanIds(place.trace_id, place.span_id, 0 if parent is None else parent.span_id)
        self.queue.put(FinishedSpan(name.value, SPANS[name].kind, ids, *times_ns, admitted(name, attributes), failed))


recorder: Recorder | None = None
"""The process's recorder, or None while traces are off. `traced` sets it."""
_current: ContextVar[Parent | None] = ContextVar("current_span", default=None)


class Span:
    """A span under way; what is set counts when it ends."""

    __slots__ = ("attributes",)

    def __init__(self) -> None:
        self.attributes: dict[Attribute, Value] = {}

    def set(self, attribute: Attribute, value: Value) -> None:
        """Attach something, unless the fixed list has it not."""
        self.attributes[attribute] = value


_IGNORED: Final = Span()
"""What is set on it is overwritten, and never sent."""


@contextmanager
def span(name: SpanName, *, root: bool = False) -> Iterator[Span]:
    """A span for the time of the block, a child of the one around it unless it is to be a root.

    An error that passes through is noted by its class.
    """
    if recorder is None:
        yield _IGNORED
        return
    mine, parent = recorder, None if root else _current.get()
    place = mine.begins(parent)
    token = _current.set(place)
    made, failed = Span(), False
    began_ns, began_s = time.time_ns(), time.perf_counter()
    try:
        yield made
    except BaseException as error:
        failed = True
        made.set(ERROR, type(error).__name__)
        raise
    finally:
        _current.reset(token)
        if place.sampled:
            ended_ns = began_ns + int((time.perf_counter() - began_s) * 1e9)
            mine.finish(name, place, parent, (began_ns, ended_ns), made.attributes, failed=failed)
