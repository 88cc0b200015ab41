"""A recorder of traces: whatever our processes would tell a tracing system goes into a file, a line each word.

The framework traces by itself as soon as a process has a provider of tracers, with paths, queries and exceptions'
texts; so has every library that knows OpenTelemetry. A process that should record nothing is given a provider, to see
that it does record nothing. One span of our own says that there is one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace

CONTROL: Final = "a span of the canary suite"


def record_spans(file: Path) -> None:
    """Have everything recorded that this process traces from now on."""
    trace.set_tracer_provider(Recorder(file))
    trace.get_tracer(__name__).start_span(CONTROL).end()


class Recorder(trace.TracerProvider):
    """Writes down what its tracers are told."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        """The only one."""
        return _Tracer(self._file)


class _Tracer(trace.Tracer):
    def __init__(self, file: Path) -> None:
        self._file = file

    def start_span(self, name: str, *rest: Any, **particulars: Any) -> trace.Span:
        """A span that writes down everything it hears."""
        span = _Span(self._file)
        span.note(name, rest, particulars)
        return span

    @contextmanager
    def start_as_current_span(self, name: str, *rest: Any, **particulars: Any) -> Iterator[trace.Span]:  # type: ignore[override] # a decorator as well, which nobody needs
        """The same, for a block."""
        with trace.use_span(self.start_span(name, *rest, **particulars)) as span:
            yield span


class _Span(trace.Span):
    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, *words: object) -> None:
        """Write down, as text."""
        with self._file.open("a") as file:
            file.write(json.dumps(repr(words)) + "\n")

    set_attributes = set_attribute = add_event = add_link = update_name = set_status = record_exception = (  # type: ignore[assignment] # all of them are told something
        lambda self, *words, **more: self.note(words, more)
    )

    def end(self, end_time: int | None = None) -> None:
        """Nothing more comes."""

    def is_recording(self) -> bool:
        """Tell it everything."""
        return True

    def get_span_context(self) -> trace.SpanContext:
        """Some valid one."""
        return trace.SpanContext(1, 1, is_remote=False, trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED))
