"""Lines in CloudWatch's embedded metric format, from metrics and what is to be said of them.

A line is at most as long as what a pipe takes whole (`txn_core.logs.log_queue`), so that lines of several processes
do not mix; the format's own bounds are 100 metrics a line and 100 values a metric.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from txn_core.emf.naming import SERVICE, unit_of
from txn_core.emf.registry_figures import Series
from txn_core.logs.log_queue import WRITE_BYTES_MAX

METRICS_MAX: Final = 100
"""Metrics of a line."""
VALUES_MAX: Final = 100
"""Values of a metric in a line."""
LINE_BYTES_MAX: Final = WRITE_BYTES_MAX
EVENT: Final = "metrics_reported"


@dataclass(frozen=True, slots=True)
class Entry:
    """A metric in a line."""

    series: Series
    told: Any
    """A number, numbers, or a distribution by `Values` and `Counts`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A line, and the metrics in it."""

    line: bytes
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Format:
    """What all lines of a process have in common."""

    namespace: str
    service: str

    def documents(self, entries: Iterable[Entry], timestamp_ms: int) -> Iterator[Document]:
        """The lines that tell of all entries; entries with the same dimensions share lines."""
        for _, group in groupby(sorted(entries, key=lambda entry: entry.series[:2]), lambda entry: entry.series[:2]):
            yield from self._packed(list(group), timestamp_ms)

    def _packed(self, entries: Sequence[Entry], timestamp_ms: int) -> Iterator[Document]:
        """As many entries in each line as fit; a metric stands in a line once."""
        frame = len(self._line((), entries[0].series, timestamp_ms))
        held: list[Entry] = []
        size = frame
        for entry in entries:
            more = _size(entry)
            is_there = any(other.series == entry.series for other in held)
            if held and (is_there or len(held) == METRICS_MAX or size + more > LINE_BYTES_MAX):
                yield Document(self._line(held, held[0].series, timestamp_ms), held)
                held, size = [], frame
            held.append(entry)
            size += more
        yield Document(self._line(held, held[0].series, timestamp_ms), held)

    def _line(self, entries: Sequence[Entry], series: Series, timestamp_ms: int) -> bytes:
        dimensions = [[SERVICE], [SERVICE, series.dimension]] if series.dimension else [[SERVICE]]
        directive = {
            "Namespace": self.namespace,
            "Dimensions": dimensions,
            "Metrics": [_definition(entry) for entry in entries],
        }
        document: dict[str, Any] = {
            "_aws": {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]},
            "event": EVENT,
            SERVICE: self.service,
        }
        if series.dimension:
            document[series.dimension] = series.value
        document.update((entry.series.name, entry.told) for entry in entries)
        return _rendered(document) + b"\n"


def _definition(entry: Entry) -> Mapping[str, str]:
    return {"Name": entry.series.name, "Unit": unit_of(entry.series.name)}


def _size(entry: Entry) -> int:
    """What an entry adds to a line at most, bytes: its definition, and its member with colon and commas."""
    return len(_rendered(_definition(entry))) + len(_rendered({entry.series.name: entry.told}))


def _rendered(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
