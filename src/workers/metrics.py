"""What a worker process tells Prometheus. One registry a process; every name begins with txn_<drain>_."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from txn_core.aws.call_failures import CallFailureMetrics
from txn_core.kinesis.stream_limits import READS_LIMITED, ReadLimit
from txn_core.logs.log_metrics import LogMetrics
from txn_core.positions import ShardId
from workers.events.reasons import REASONS
from workers.reading.answers import UNKNOWN_ARRIVAL
from workers.reading.read_position import Loss
from workers.reading.reader import Batch

FLUSH_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCH_RECORDS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


class WorkerMetrics:
    """The counts of one process that every drain has; what a drain counts besides stands in its own folder."""

    def __init__(self, drain: str) -> None:
        self._prefix, self.registry = f"txn_{drain}", CollectorRegistry()
        LogMetrics(self.registry, self._prefix)
        CallFailureMetrics(self.registry, self._prefix)
        self.records = self.counter("records", "Stream positions made durable")
        self.dead_letters = self.counter("dead_letters", "Dead letters written", "reason")
        self._losses = self.counter("retention_losses", "Times that retention was ahead of the worker", "reason")
        self.flush_seconds = self._histogram("flush_seconds", "Time to make a batch durable", FLUSH_SECONDS)
        self.flush_records = self._histogram("flush_records", "Positions in such a batch", BATCH_RECORDS)
        self.leases_owned = self.gauge("leases_owned", "Leases held now")
        self.leases_lost = self.counter("leases_lost", "Leases that another worker took")
        self.leases_stolen = self.counter("leases_stolen", "Leases taken from a worker that stood still")
        self.drain_failures = self.counter("drain_failures", "Times that a shard's drain failed and was begun again")
        self.shards_stuck = self.gauge("shards_stuck", "Shards that failed and got no further since")
        self.foreign_leases = self.gauge("foreign_leases", "Leases of another stream of this name; nothing is read")
        self._of_shards: Final[Sequence[tuple[Gauge, Callable[[ShardLag], float]]]] = (
            (self.gauge("lag_seconds", "Age of what is not yet durable", "shard"), ShardLag.seconds),
            (self.gauge("lag_records", "Positions read and not yet durable", "shard"), lambda lag: lag.pending),
            (
                self.gauge("behind_latest_seconds", "Distance of the last read from the shard's tip", "shard"),
                lambda lag: lag.behind_s,
            ),
        )
        self._reads_limited = self.gauge(
            READS_LIMITED, "1 while a limit of the shard holds up its reads", "shard", "limit"
        )
        for reason in REASONS:  # a count that is there from the start is seen to rise
            self.dead_letters.labels(reason)
        for loss in get_args(Loss):
            self._losses.labels(loss)

    def counter(self, name: str, documentation: str, *labels: str) -> Counter:
        """A further count of this process; `name` goes without the prefix and `_total`."""
        return Counter(f"{self._prefix}_{name}", documentation, labels, registry=self.registry)

    def gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        """A further figure of this process; `name` goes without the prefix."""
        return Gauge(f"{self._prefix}_{name}", documentation, labels, registry=self.registry)

    def _histogram(self, name: str, documentation: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(f"{self._prefix}_{name}", documentation, buckets=buckets, registry=self.registry)

    def lost(self, loss: Loss) -> None:
        """Retention has taken what was not yet read, or may have."""
        self._losses.labels(loss).inc()

    def lag(self, shard_id: ShardId) -> "ShardLag":
        """The lag of a shard from now on."""
        lag = ShardLag()
        for gauge, figure in self._of_shards:
            gauge.labels(shard_id).set_function(partial(figure, lag))
        for limit in get_args(ReadLimit):
            self._reads_limited.labels(shard_id, limit).set_function(partial(lag.is_limited_by, limit))
        return lag

    def forget(self, shard_id: ShardId) -> None:
        """Stop telling of a shard that another worker drains."""
        for gauge, _ in self._of_shards:
            gauge.remove(shard_id)
        for limit in get_args(ReadLimit):
            self._reads_limited.remove(shard_id, limit)


class ShardLag:
    """Up to which arrival a shard is durable. It grows by itself while nothing can be read or written."""

    def __init__(self) -> None:
        self._durable_to_s = time.time()
        self._known = False
        self.pending = 0
        """The positions that were read and are not yet durable."""
        self.behind_s = 0.0
        """Seconds between the last read and the tip of the shard at that time, by the stream's own account."""
        self.read_limit: Callable[[], ReadLimit | None] = lambda: None  # what holds up the reads just now

    def has_read(self, batch: Batch) -> None:
        """A batch was read; the first one may be far behind: a shard's lag does not begin with its worker."""
        self.behind_s = batch.behind_s
        if batch.records and not self._known:
            self.durable_to(batch.records[0].arrived_at)

    def durable_to(self, arrived_at: datetime) -> None:
        """Everything that arrived before is durable. A record that does not say when it arrived tells nothing."""
        if arrived_at == UNKNOWN_ARRIVAL:
            return
        self._durable_to_s, self._known = arrived_at.timestamp(), True

    def at_tip(self) -> None:
        """Everything that has arrived is durable."""
        self._durable_to_s, self._known = time.time(), True

    def seconds(self) -> float:
        """How long ago the youngest durable record arrived, or the tip was seen."""
        return max(0.0, time.time() - self._durable_to_s)

    def is_limited_by(self, limit: ReadLimit) -> bool:
        """Whether this limit of the shard holds up its reads."""
        return self.read_limit() == limit
