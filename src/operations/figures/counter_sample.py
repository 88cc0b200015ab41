"""What the processes of a port have counted, as sums that never fall.

A process that ends takes its counters with it, and one that starts begins at zero. So increments are added up here,
by process: what a process had counted before it was seen first is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client import Metric

from txn_api.process_metrics import LABEL

ACCEPTED: Final = "accepted"
ANSWERED: Final = "answered"
LATENCY: Final = "latency"
THROTTLED: Final = "throttled"
UNITS: Final = "units"
BYTES: Final = "bytes"
POSTS_ROUTE: Final = "/transactions"
"""Of the histogram: posts, and the look-ups of the same path, which it does not tell apart."""


_WANTED: Final = {
    "txn_user_records_put_total": (ACCEPTED, ""),
    "txn_put_payload_units_total": (UNITS, ""),
    "txn_kinesis_records_data_put_bytes_total": (BYTES, ""),
    "txn_http_requests_total": (ANSWERED, "status"),
    "txn_shard_throttles_total": (THROTTLED, "shard"),
    "txn_http_request_seconds_bucket": (LATENCY, "le"),
}
"""Counters by the names of their samples: what they are called here, and the label that is kept."""


class Series(NamedTuple):
    """A figure of all processes: its name, and the value of its label (class of status, upper bound, shard)."""

    name: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class CounterSample:
    """Sums at a moment of the loop's clock, seconds."""

    at_s: float
    sums: Mapping[Series, float]

    def since(self, earlier: "CounterSample", name: str) -> dict[str, float]:
        """The increments of all series of a name, by label."""
        return {
            series.label: value - earlier.sums.get(series, 0.0)
            for series, value in self.sums.items()
            if series.name == name
        }


@dataclass(frozen=True, slots=True)
class ProcessCounts:
    """What the processes say at one moment: counters by process and series, and gauges of all of them."""

    counters: Mapping[tuple[str, Series], float]
    pending: float = 0.0
    paces: Mapping[str, float] = field(default_factory=dict)
    processes: int = 0
    """How many have answered."""

    def total(self, name: str) -> dict[str, float]:
        """The sums since the processes started, by label."""
        sums: defaultdict[str, float] = defaultdict(float)
        for (_, series), value in self.counters.items():
            if series.name == name:
                sums[series.label] += value
        return dict(sums)


class Increments:
    """Adds up increments, reading for reading."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, Series], float] = {}
        self._seen: set[str] = set()
        self._sums: defaultdict[Series, float] = defaultdict(float)

    def sample(self, at_s: float, counts: ProcessCounts) -> CounterSample:
        """The sums with a further reading.

        A series that a known process has not had before began at zero, as each label does with its first value.
        """
        for (process, series), value in counts.counters.items():
            before = self._last.get((process, series), 0.0 if process in self._seen else value)
            self._sums[series] += value - before if value >= before else value
        self._last |= counts.counters
        self._seen |= {process for process, _ in counts.counters}
        return CounterSample(at_s, dict(self._sums))


def counts_of(families: Iterable[Metric]) -> ProcessCounts:
    """What is wanted of the metrics of one process or several."""
    counters: defaultdict[tuple[str, Series], float] = defaultdict(float)
    pending, paces, processes = 0.0, dict[str, float](), set[str]()
    for family in families:
        for sample in family.samples:
            labels = sample.labels
            processes.add(labels.get(LABEL, ""))
            if (series := _series(sample.name, labels)) is not None:
                counters[labels.get(LABEL, ""), series] += sample.value
            elif sample.name == "txn_user_records_pending":
                pending += sample.value
            elif sample.name == "txn_shard_rate_share":
                paces[labels["shard"]] = max(sample.value, paces.get(labels["shard"], 0.0))
    return ProcessCounts(dict(counters), pending, paces, len(processes))


def _series(name: str, labels: Mapping[str, str]) -> Series | None:
    series, label = _WANTED.get(name, ("", ""))
    if not series or (series == LATENCY and labels["route"] != POSTS_ROUTE):
        return None
    return Series(series, labels[label] if label else "")
