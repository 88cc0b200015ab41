"""What a worker process tells Prometheus. One registry a process; every name begins with txn_<worker kind>_."""

import time
from datetime import datetime
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from txn_core.log_metrics import LogMetrics
from txn_core.positions import ShardId
from workers.events.dead_letters import Reason
from workers.reading.answers import UNKNOWN_ARRIVAL
from workers.reading.read_position import Loss
from workers.reading.reader import Batch

FLUSH_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCH_RECORDS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


class Meters:
    """The counts of one process."""

    def __init__(self, kind: str) -> None:
        self.registry = own = CollectorRegistry()
        prefix = f"txn_{kind}"
        LogMetrics(own, prefix)
        self.records = Counter(f"{prefix}_records", "Stream positions made durable", registry=own)
        self.replays = Counter(f"{prefix}_replays", "Events indexed by the very same position", registry=own)
        self.duplicates = Counter(f"{prefix}_duplicates", "Ids sent again with the same content", registry=own)
        self.conflicts = Counter(f"{prefix}_conflicts", "Ids sent again with other content", registry=own)
        self.dead_letters = Counter(f"{prefix}_dead_letters", "Dead letters written", ["reason"], registry=own)
        self._losses = Counter(
            f"{prefix}_retention_losses", "Times that retention was ahead of the worker", ["reason"], registry=own
        )
        self.flushes = Counter(f"{prefix}_flushes", "Plans carried out", ["cause"], registry=own)
        self.flush_seconds = Histogram(
            f"{prefix}_flush_seconds", "Time to make a batch durable", buckets=FLUSH_SECONDS, registry=own
        )
        self.flush_records = Histogram(
            f"{prefix}_flush_records", "Positions in such a batch", buckets=BATCH_RECORDS, registry=own
        )
        self.leases_owned = Gauge(f"{prefix}_leases_owned", "Leases held now", registry=own)
        self.leases_lost = Counter(f"{prefix}_leases_lost", "Leases that another worker took", registry=own)
        self.leases_stolen = Counter(
            f"{prefix}_leases_stolen", "Leases taken from a worker that stood still", registry=own
        )
        self.drain_failures = Counter(
            f"{prefix}_drain_failures", "Times that a shard's drain failed and was begun again", registry=own
        )
        self.shards_stuck = Gauge(
            f"{prefix}_shards_stuck", "Shards that failed and got no further since", registry=own
        )
        self.foreign_leases = Gauge(
            f"{prefix}_foreign_leases", "Leases of another stream of this name; nothing is read", registry=own
        )
        self._lag = Gauge(f"{prefix}_lag_seconds", "Age of what is not yet durable", ["shard"], registry=own)
        self._lag_records = Gauge(
            f"{prefix}_lag_records", "Positions read and not yet durable", ["shard"], registry=own
        )
        self._behind = Gauge(
            f"{prefix}_behind_latest_seconds",
            "Distance of the last read from the shard's tip",
            ["shard"],
            registry=own,
        )
        for reason in get_args(Reason):  # a count that is there from the start is seen to rise
            self.dead_letters.labels(reason)
        for loss in get_args(Loss):
            self._losses.labels(loss)

    def lost(self, loss: Loss) -> None:
        """Retention has taken what was not yet read, or may have."""
        self._losses.labels(loss).inc()

    def lag(self, shard_id: ShardId) -> "ShardLag":
        """The lag of a shard from now on."""
        lag = ShardLag()
        self._lag.labels(shard_id).set_function(lag.seconds)
        self._lag_records.labels(shard_id).set_function(lag.records)
        self._behind.labels(shard_id).set_function(lag.behind_latest)
        return lag

    def forget(self, shard_id: ShardId) -> None:
        """Stop telling of a shard that another worker drains."""
        self._lag.remove(shard_id)
        self._lag_records.remove(shard_id)
        self._behind.remove(shard_id)


class ShardLag:
    """Up to which arrival a shard is durable. It grows by itself while nothing can be read or written."""

    def __init__(self) -> None:
        self._durable_to_s = time.time()
        self._known = False
        self._pending = 0
        self._behind_s = 0.0

    def has_read(self, batch: Batch) -> None:
        """A batch was read; the first one may be far behind: a shard's lag does not begin with its worker."""
        self._behind_s = batch.behind_s
        if batch.records and not self._known:
            self.durable_to(batch.records[0].arrived_at)

    def pending(self, positions: int) -> None:
        """So many positions were read and are not yet durable."""
        self._pending = positions

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

    def records(self) -> int:
        """The positions that were read and are not yet durable."""
        return self._pending

    def behind_latest(self) -> float:
        """Seconds between the last read and the tip of the shard at that time, by the stream's own account."""
        return self._behind_s
