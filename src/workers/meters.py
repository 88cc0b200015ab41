"""What a worker process tells Prometheus. One registry a process; every name begins with txn_<worker kind>_."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from txn_core.positions import ShardId
from txn_core.settings import Settings

FLUSH_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_log = structlog.get_logger(__name__)


class Meters:
    """The counts of one process."""

    def __init__(self, kind: str) -> None:
        self.registry = own = CollectorRegistry()
        prefix = f"txn_{kind}"
        self.records = Counter(f"{prefix}_records", "Stream positions made durable", registry=own)
        self.replays = Counter(f"{prefix}_replays", "Events indexed by the very same position", registry=own)
        self.duplicates = Counter(f"{prefix}_duplicates", "Ids sent again with the same content", registry=own)
        self.conflicts = Counter(f"{prefix}_conflicts", "Ids sent again with other content", registry=own)
        self.dead_letters = Counter(f"{prefix}_dead_letters", "Dead letters written", ["reason"], registry=own)
        self.flushes = Counter(f"{prefix}_flushes", "Plans carried out", ["cause"], registry=own)
        self.flush_seconds = Histogram(
            f"{prefix}_flush_seconds", "Time from plan to checkpoint", buckets=FLUSH_SECONDS, registry=own
        )
        self.leases_owned = Gauge(f"{prefix}_leases_owned", "Leases held now", registry=own)
        self.leases_lost = Counter(f"{prefix}_leases_lost", "Leases that another worker took", registry=own)
        self._lag = Gauge(f"{prefix}_lag_seconds", "Age of what is not yet durable", ["shard"], registry=own)

    def lag(self, shard_id: ShardId) -> "ShardLag":
        """The lag of a shard from now on."""
        lag = ShardLag()
        self._lag.labels(shard_id).set_function(lag.seconds)
        return lag

    def forget(self, shard_id: ShardId) -> None:
        """Stop telling of a shard that another worker drains."""
        self._lag.remove(shard_id)


class ShardLag:
    """Up to which arrival a shard is durable. It grows by itself while nothing can be read or written."""

    def __init__(self) -> None:
        self._durable_to_s = time.time()

    def durable_to(self, arrived_at: datetime) -> None:
        """Everything that arrived before is durable."""
        self._durable_to_s = arrived_at.timestamp()

    def at_tip(self) -> None:
        """Everything that has arrived is durable."""
        self._durable_to_s = time.time()

    def seconds(self) -> float:
        """How long ago the youngest durable record arrived, or the tip was seen."""
        return max(0.0, time.time() - self._durable_to_s)


@contextmanager
def served(meters: Meters, settings: Settings) -> Iterator[None]:
    """Serve the metrics on the port of the settings, if any, for as long as the block runs."""
    if settings.worker_metrics_port is None:
        yield
        return
    server, thread = start_http_server(
        settings.worker_metrics_port, addr=settings.worker_metrics_host, registry=meters.registry
    )
    _log.info("metrics", host=server.server_name, port=server.server_port)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
