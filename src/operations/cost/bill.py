"""The bill of a load: quantities of a month, by service, times prices. Nothing is rounded before it is shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from operations.cost.bill_line import BillLine
from operations.cost.capacity import Capacity, capacity_of
from operations.cost.dynamodb_units import GB, SCORE_ITEM_BYTES, STORED_BYTES_MORE, index_copies
from operations.cost.fixed_lines import fixed_lines, front_lines
from operations.cost.prices import MILLION
from operations.cost.workload import MONTH_HOURS, MONTH_S, StreamMode, Workload

DAY_HOURS: Final = 24
KEY_ENTRY_BYTES: Final = 260
"""An entry of a secondary index with keys alone: its own keys, the table's, and their names."""
LAKE_BYTES: Final = 120
"""A transaction in a Parquet object of some thousands; `tests/operations/cost/` measures it."""

DYNAMODB: Final = "DynamoDB"
KINESIS: Final = "Kinesis"

LEFT_OUT: Final = (
    "reads: look-ups by clients, the pages, and the warehouse",
    "answers to clients on the internet (data transfer out), and traffic between zones",
    "alerts, cases, labels, idempotency keys, merchants, dead letters",
    "the warehouse (RDS, Redshift), and backups but point-in-time recovery",
    "metrics of Container Insights, flow logs of the VPC, support, and taxes",
)
"""What no line counts."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a load costs."""

    workload: Workload
    capacity: Capacity
    lines: tuple[BillLine, ...]

    @property
    def usd(self) -> float:
        """US dollars a month."""
        return sum(line.usd for line in self.lines)

    @property
    def usd_a_million(self) -> float:
        """US dollars for a million transactions."""
        return self.of_a_million(self.usd)

    @property
    def services(self) -> dict[str, float]:
        """US dollars a month by service, the dearest first."""
        sums: dict[str, float] = {}
        for line in self.lines:
            sums[line.service] = sums.get(line.service, 0.0) + line.usd
        return dict(sorted(sums.items(), key=lambda each: -each[1]))

    def of_a_million(self, usd: float) -> float:
        """What dollars a month are for a million transactions."""
        return usd * MILLION / self.workload.a_month


def bill_of(workload: Workload) -> Bill:
    """The bill of a load, with what it needs."""
    capacity = capacity_of(workload)
    lines = (
        *_stream_lines(workload, capacity),
        *_table_lines(workload, capacity),
        *_lake_lines(workload, capacity),
        BillLine("Fargate", "cores", capacity.vcpu * MONTH_HOURS, "fargate_cpu_hour", "derived"),
        BillLine("Fargate", "memory", capacity.memory_gb * MONTH_HOURS, "fargate_gb_hour", "derived"),
        *front_lines(workload),
        *fixed_lines(workload, capacity),
    )
    return Bill(workload, capacity, lines)


def _stream_lines(workload: Workload, capacity: Capacity) -> Iterator[BillLine]:
    units, month = capacity.stream, workload.a_month
    kept_hours = max(0, workload.retention_hours - DAY_HOURS)
    yield BillLine(KINESIS, "alerts: shard", MONTH_HOURS, "kinesis_shard_hour")
    if kept_hours:
        yield BillLine(KINESIS, "alerts: retention", MONTH_HOURS, "kinesis_shard_hour_kept")
    if workload.stream_mode is StreamMode.PROVISIONED:
        hours = capacity.shards * MONTH_HOURS
        yield BillLine(KINESIS, "shards", hours, "kinesis_shard_hour", "derived")
        yield BillLine(KINESIS, "puts", month * units.payload_units, "kinesis_put_unit")
        if kept_hours:
            yield BillLine(KINESIS, "retention", hours, "kinesis_shard_hour_kept", "derived")
        return
    read_bytes = month * units.data_bytes * len(workload.drains)
    kept_bytes = workload.rate * 3600 * kept_hours * units.data_bytes
    yield BillLine(KINESIS, "stream", MONTH_HOURS, "kinesis_stream_hour")
    yield BillLine(KINESIS, "written", month * units.billed_bytes / GB, "kinesis_gb_in")
    yield BillLine(KINESIS, "read", read_bytes / GB, "kinesis_gb_out")
    if kept_hours:
        yield BillLine(KINESIS, "retention", kept_bytes / GB, "kinesis_gb_kept")


def _table_lines(workload: Workload, capacity: Capacity) -> Iterator[BillLine]:
    if workload.write_capacity_use is None:
        yield BillLine(DYNAMODB, "index writes", capacity.index_write_units * MONTH_S, "dynamodb_write_unit")
    else:
        bought = capacity.index_write_units / workload.write_capacity_use
        yield BillLine(DYNAMODB, "index writes", bought * MONTH_HOURS, "dynamodb_write_capacity_hour")
    if workload.scores:
        yield BillLine(DYNAMODB, "score writes", capacity.score_write_units * MONTH_S, "dynamodb_write_unit")
    yield BillLine(DYNAMODB, "lease writes", capacity.lease_write_units * MONTH_S, "dynamodb_write_unit", "derived")
    yield BillLine(DYNAMODB, "lease reads", capacity.lease_read_units * MONTH_S, "dynamodb_read_unit", "derived")
    held = workload.a_month * workload.months
    item = workload.item_bytes + STORED_BYTES_MORE
    entry = KEY_ENTRY_BYTES + STORED_BYTES_MORE if workload.key_only_indexes else item
    scores = SCORE_ITEM_BYTES + STORED_BYTES_MORE if workload.scores else 0
    stored = item + (index_copies() - 1) * entry + scores
    yield BillLine(DYNAMODB, "storage", held * stored / GB, "dynamodb_gb_month")
    yield BillLine(DYNAMODB, "recovery", held * (item + scores) / GB, "dynamodb_backup_gb_month")


def _lake_lines(workload: Workload, capacity: Capacity) -> Iterator[BillLine]:
    yield BillLine("S3", "objects", capacity.objects * MONTH_S, "s3_put", "derived")
    months = workload.months if workload.lake_months is None else workload.lake_months
    stored = workload.a_month * months * LAKE_BYTES / GB
    yield BillLine("S3", "storage", stored, "s3_gb_month", "derived")
