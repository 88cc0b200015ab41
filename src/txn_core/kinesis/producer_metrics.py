"""The producer's Prometheus metrics, named after the KPL's where it has one.

Counted in plain numbers and turned into metrics only when they are asked for: a counter of the client library costs
a lock at each step, several times a record.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_core.figures.fading_rate import skew
from txn_core.kinesis.lanes import Lanes
from txn_core.kinesis.stream_limits import PAYLOAD_UNIT_BYTES
from txn_core.times import Times

BUCKETS_S: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SHARD_BYTES_PER_S_LEAST: Final = 10_000.0
"""A mean load of shards, a hundredth of what one takes, below which chance decides which has most."""


@dataclass(slots=True, eq=False)
class ProducerMetrics(Collector):
    """What the producer counts, and what its buffer holds."""

    registry: CollectorRegistry
    lanes: Lanes
    received: int = 0
    put: int = 0
    refused: int = 0
    expired: int = 0
    retries: int = 0
    misdirected: int = 0
    requests: int = 0
    kinesis_records_put: int = 0
    kinesis_bytes_put: int = 0
    payload_units_put: int = 0
    reroutes: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    buffering: Times = field(default_factory=partial(Times, BUCKETS_S))
    request_times: Times = field(default_factory=partial(Times, BUCKETS_S))
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.registry.register(self)

    def landed(self, records: int, data_bytes: int) -> None:
        """Count a Kinesis record that holds so many user records and bytes."""
        self.put += records
        self.kinesis_records_put += 1
        self.kinesis_bytes_put += data_bytes
        self.payload_units_put += max(1, -(-data_bytes // PAYLOAD_UNIT_BYTES))

    def collect(self) -> Iterator[Metric]:
        """The present figures."""
        for name, documentation, count in self._counts():
            yield CounterMetricFamily(f"txn_{name}", documentation, count)
        for name, documentation, figure in self._gauges():
            yield GaugeMetricFamily(f"txn_{name}", documentation, figure)
        errors = CounterMetricFamily("txn_errors_by_code", "Failed attempts of Kinesis records", labels=["code"])
        for code, count in self.errors.items():
            errors.add_metric([code], count)
        yield errors
        yield from self._shards()
        yield _histogram("txn_buffering_time_seconds", "Longest wait of a Kinesis record's records", self.buffering)
        yield _histogram("txn_request_time_seconds", "Time of a PutRecords call", self.request_times)

    def _counts(self) -> Iterable[tuple[str, str, int]]:
        """Names without the prefix and `_total`, what they mean, and their figures."""
        return (
            ("user_records_received", "Records handed to the producer", self.received),
            ("user_records_put", "Records that the stream acknowledged", self.put),
            ("user_records_refused", "Records refused for lack of room", self.refused),
            ("user_records_expired", "Records past their deadline", self.expired),
            ("user_records_misdirected", "Landings on another shard", self.misdirected),
            ("retries", "Records sent again", self.retries),
            ("put_records_requests", "PutRecords calls", self.requests),
            ("kinesis_records_put", "Kinesis records acknowledged", self.kinesis_records_put),
            ("kinesis_records_data_put_bytes", "Their bytes", self.kinesis_bytes_put),
            ("put_payload_units", "Their units of 25 KB", self.payload_units_put),
            ("shard_map_changes", "Shard maps taken over", self.reroutes),
        )

    def _gauges(self) -> Iterable[tuple[str, str, float]]:
        return (
            ("user_records_pending", "Records on their way", self.lanes.count),
            ("user_records_pending_bytes", "Their bytes", self.lanes.bytes_held),
            (
                "user_records_per_kinesis_record",
                "Aggregation ratio since the start",
                self.put / self.kinesis_records_put if self.kinesis_records_put else 0.0,
            ),
            ("shard_skew", "The load of the busiest shard over the mean of all, over the last minutes", self._skew()),
            ("aggregation_on", "Whether records are packed by shard", float(bool(self.lanes.routing.shards))),
        )

    def _skew(self) -> float:
        now = self.clock()
        loads = [lane.load.at(now) for lane in self.lanes.all() if lane.pace is not None]
        return skew(loads, SHARD_BYTES_PER_S_LEAST)

    def _shards(self) -> Iterator[Metric]:
        shares = GaugeMetricFamily("txn_shard_rate_share", "A shard's pace over its limits", labels=["shard"])
        throttles = CounterMetricFamily("txn_shard_throttles", "Attempts that a shard throttled", labels=["shard"])
        apart = GaugeMetricFamily("txn_shard_apart", "Whether a shard's records travel apart", labels=["shard"])
        for lane in self.lanes.all():
            if lane.pace is not None:
                shares.add_metric([lane.name], lane.pace.share)
                throttles.add_metric([lane.name], lane.throttles)
                apart.add_metric([lane.name], lane.suspect)
        yield from (shares, throttles, apart)


def _histogram(name: str, text: str, times: Times) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, text)
    times.add_to(family)
    return family
