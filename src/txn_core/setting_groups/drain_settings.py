"""Settings of the workers that drain the stream: leases, reads, and what each drain writes at once."""

from typing import Self

from pydantic import BaseModel, Field, model_validator


class DrainSettings(BaseModel):
    """What a worker process is bound by."""

    worker_id: str | None = Field(
        None, description="lease owner name; host, process id and a random part when absent"
    )
    worker_metrics_port: int | None = Field(
        None, ge=0, le=65535, description="port of a worker's metrics and readiness; off when absent"
    )
    worker_metrics_host: str = Field("127.0.0.1", description="address that a worker's metrics and readiness bind")
    lease_failover_s: float = Field(10.0, gt=0, description="a lease whose counter stands still this long is taken")
    lease_renew_s: float = Field(
        2.0,
        gt=0,
        description="pause between two renewals, and between two scans of the leases by the few workers that scan "
        "for all",
    )
    shard_sync_s: float = Field(10.0, gt=0, description="pause between two looks at the stream's shards")
    poll_reads_per_s: float | None = Field(
        None,
        gt=0,
        le=5,
        description="reads a second of a shard by each drain that polls; Kinesis allows 5 to all together, of which "
        "the drains share 4 when absent",
    )
    poll_idle_s: float = Field(
        1.0, ge=0.2, description="longest pause after empty reads, which grow up to it, seconds"
    )
    poll_records_max: int = Field(1_000, ge=1, le=10_000, description="records asked for in one read")
    fan_out: str = Field(
        "",
        pattern=r"^([^,=]+(=arn:[^,=]+)?(,|$))*$",
        description="drains that read by enhanced fan-out instead of polling, such as `index,archive`, each by the "
        "consumer that bootstrap registers, or by another as in `index=arn:...` (docs/operations.md)",
    )
    archive_flush_rows: int = Field(50_000, ge=1, description="rows that make the archive write an object")
    archive_flush_bytes: int = Field(
        32 << 20, ge=1024, description="event bytes that make the archive write an object"
    )
    archive_flush_age_s: float = Field(10.0, gt=0, description="age of the oldest row that does so, seconds")
    score_flush_s: float = Field(10.0, gt=0, description="age of the oldest score that makes the scorer checkpoint")
    score_flush_records_max: int = Field(5_000, ge=1, description="positions that do so")
    score_states_bytes_max: int = Field(
        64 << 20, ge=0, description="bytes of packed card states that the scorer keeps in memory of each shard"
    )
    score_versions_every_s: float = Field(
        5.0, gt=0, description="pause between two looks at the models and rules that are wanted"
    )
    index_writes_in_flight_max: int = Field(32, ge=1, le=1_024, description="DynamoDB writes at once a worker")

    @model_validator(mode="after")
    def _renewal_fits_failover(self) -> Self:
        if self.lease_renew_s * 3 > self.lease_failover_s:
            raise ValueError("TXN_LEASE_RENEW_S must be at most a third of TXN_LEASE_FAILOVER_S")
        return self
