"""The producer's Prometheus metrics, named after the KPL's where it has one."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(slots=True)
class ProducerMetrics:
    """What the producer counts."""

    registry: CollectorRegistry
    received: Counter = field(init=False)
    put: Counter = field(init=False)
    pending: Gauge = field(init=False)
    requests: Counter = field(init=False)
    request_s: Histogram = field(init=False)
    retries: Counter = field(init=False)
    errors: Counter = field(init=False)
    refused: Counter = field(init=False)
    expired: Counter = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        self.received = Counter("txn_user_records_received", "Records handed to the producer", registry=registry)
        self.put = Counter("txn_user_records_put", "Records that the stream acknowledged", registry=registry)
        self.pending = Gauge("txn_user_records_pending", "Records on their way", registry=registry)
        self.requests = Counter("txn_put_records_requests", "PutRecords calls", registry=registry)
        self.request_s = Histogram("txn_request_time_seconds", "Time of a PutRecords call", registry=registry)
        self.retries = Counter("txn_retries", "Records sent again", registry=registry)
        self.errors = Counter("txn_all_errors", "Failed attempts by error code", ["code"], registry=registry)
        self.refused = Counter("txn_user_records_refused", "Records refused for a full buffer", registry=registry)
        self.expired = Counter("txn_user_records_expired", "Records past their deadline", registry=registry)
