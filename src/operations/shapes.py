"""What `GET /operations` answers with. The parts are made by readers, told in this form, and shown by the page."""

from typing import Annotated, Final, Literal

from pydantic import Field

from operations.drains.shard_status import Drain
from txn_api.schemas import CursorText, InstantText, SequenceNumberText, Shape, ShardIdText
from txn_core.transactions.faults import CONTROL_FREE_PATTERN
from workers.events.reasons import Reason

SHARDS_MAX: Final = 200
"""Shards that are told of each drain, those that are furthest behind first."""
STEPS_MAX: Final = 60
LETTERS_MAX: Final = 50
"""Dead letters of a page, or that one call sends again."""

State = Literal["ok", "warning", "critical"]
Part = Literal["api", "drains", "dead_letters", "cost"]
ReplayedOutcome = Literal["sent", "conflict", "undecodable", "unopenable", "replayed", "in_doubt", "not_stored"]
Basis = Literal["measured", "derived", "benchmark"]
Lack = Literal["store_unavailable", "being_read", "not_configured"]

_Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
_Number = Annotated[float, Field(ge=0, le=1e15)]
_Text = Annotated[str, Field(max_length=500, pattern=CONTROL_FREE_PATTERN)]
_Name = Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z][a-z0-9_]*$")]
_Subject = Annotated[str, Field(min_length=1, max_length=128, pattern="^[A-Za-z0-9_.-]+$")]
_Owner = Annotated[str, Field(max_length=256, pattern=CONTROL_FREE_PATTERN)]
_Checkpoint = Annotated[str, Field(max_length=129, pattern="^([0-9]+|[A-Z_]+)$")]
_Minute = Annotated[str, Field(pattern="^[0-9-]{10}T[0-9]{2}:[0-9]{2}$", min_length=16, max_length=16)]


class FindingShape(Shape):
    """A figure that is not as it should be."""

    state: State
    figure: Annotated[_Name, Field(description="Which threshold it is over; the entry of the runbook.")]
    subject: Annotated[_Subject | None, Field(description="Drain, shard, reason or part of the report.")]
    text: Annotated[_Text, Field(description="What is wrong, for people.")]
    runbook: Annotated[str, Field(pattern="^/runbook/[a-z_]+$", max_length=80, description="What to do.")]


class StatusCountShape(Shape):
    """Answers of a class of status."""

    status: Literal["2xx", "3xx", "4xx", "5xx"]
    total: Annotated[_Count, Field(description="Since the processes started.")]
    recent: Annotated[_Count, Field(description="Within the window.")]


class ProducerShardShape(Shape):
    """A shard as the producers see it."""

    shard_id: ShardIdText
    throttled_total: Annotated[_Count, Field(description="Attempts that the shard throttled, since the start.")]
    throttled: Annotated[_Count, Field(description="Within the window.")]
    pace: Annotated[_Number | None, Field(description="How fast they may send to it; 1 is what a shard takes.")]


class StepShape(Shape):
    """A step of the last minutes."""

    at: InstantText
    accepted_per_s: _Number
    p99_ms: _Number | None


class ApiFigures(Shape):
    """The API's processes behind this port. `window_s` is 0 until there are two readings."""

    processes: Annotated[int, Field(ge=0, le=4096)]
    window_s: Annotated[float, Field(ge=0, le=120, description="Of what is recent: a minute at most.")]
    accepted_total: Annotated[_Count, Field(description="Records that the stream acknowledged, since the start.")]
    accepted_per_s: _Number | None
    answers: Annotated[list[StatusCountShape], Field(max_length=4)]
    load_refused: Annotated[_Count, Field(description="Answers 429 and 503 within the window.")]
    p50_ms: Annotated[_Number | None, Field(description="Of /transactions; linear within buckets.")]
    p99_ms: _Number | None
    pending: Annotated[_Count, Field(description="Records on their way to the stream.")]
    shards: Annotated[list[ProducerShardShape], Field(max_length=SHARDS_MAX)]
    history: Annotated[list[StepShape], Field(max_length=STEPS_MAX)]


class DrainShardShape(Shape):
    """A shard as a drain has done it."""

    shard_id: ShardIdText
    state: Drain
    lag_s: Annotated[_Number, Field(description="Age of the oldest record that is not done.")]
    lag_records: Annotated[_Count | None, Field(description="Records behind the checkpoint, of the first few.")]
    lag_records_more: bool
    owner: Annotated[_Owner | None, Field(description="Who holds the lease.")]
    wanted_by: _Owner | None
    done_minute: Annotated[_Minute | None, Field(description="Arrival of the newest record that is done, UTC.")]
    checkpoint: Annotated[_Checkpoint, Field(description="Sequence number, or a word of the KCL.")]


class LedgerShape(Shape):
    """The latest minutes of a drain's ledgers, compared with the archive's."""

    agreeing: Annotated[_Count, Field(description="Minutes of shards.")]
    differing: _Count


class DrainShape(Shape):
    """A drain over all shards."""

    name: _Name
    stream: Annotated[str, Field(max_length=128, pattern="^[a-zA-Z0-9_.-]+$")]
    lag_s: Annotated[_Number, Field(description="The longest of its shards.")]
    behind: Annotated[_Count, Field(description="Shards that are not drained, or not known to be.")]
    unowned: Annotated[_Count, Field(description="Shards with records to read whose lease nobody holds.")]
    unowned_lag_s: _Number
    owners: Annotated[_Count, Field(description="Processes that hold leases.")]
    amiss: Annotated[_Text | None, Field(description="Why nothing is read, if its leases are another stream's.")]
    ledger: LedgerShape | None
    shards: Annotated[list[DrainShardShape], Field(max_length=SHARDS_MAX)]
    shards_more: Annotated[_Count, Field(description="Shards that are not told.")]


class DrainFigures(Shape):
    """All drains that have run, at one moment."""

    read_at: InstantText
    drains: Annotated[list[DrainShape], Field(max_length=32)]


class DeadLetterCountShape(Shape):
    """Dead letters of a reason."""

    reason: Reason
    kept: Annotated[_Count, Field(description="All that the bucket holds.")]
    kept_more: Annotated[bool, Field(description="Whether there are more than were counted.")]
    waiting: Annotated[_Count, Field(description="Of yesterday and today (UTC), and not sent again.")]


class DeadLetterFigures(Shape):
    """How many dead letters there are."""

    read_at: InstantText
    reasons: Annotated[list[DeadLetterCountShape], Field(max_length=8)]


class CostPartShape(Shape):
    """A part of the cost: units a transaction times a price."""

    name: _Name
    units: Annotated[_Number | None, Field(description="Units a transaction; null while they cannot be told.")]
    unit: _Text
    basis: Annotated[
        Basis,
        Field(description="By these processes, from the size of records that they measure, or by a benchmark."),
    ]
    price_usd: Annotated[_Number, Field(description="Of a million units.")]
    price_source: _Text
    usd: Annotated[_Number | None, Field(description="For a million transactions.")]


class CostFigures(Shape):
    """What a million transactions cost now. `usd` sums the parts that are known."""

    usd: _Number
    region: Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=32)]
    priced_on: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$", min_length=7, max_length=7)]
    parts: Annotated[list[CostPartShape], Field(max_length=16)]
    left_out: Annotated[list[_Text], Field(max_length=16)]


class MissingShape(Shape):
    """A part that could not be read just now."""

    part: Part
    reason: Lack


class OperationsReport(Shape):
    """How the system is. A part that cannot be read is null, and `missing` says why."""

    at: InstantText
    state: State
    findings: Annotated[list[FindingShape], Field(max_length=200, description="The worst first.")]
    api: ApiFigures | None
    drains: DrainFigures | None
    dead_letters: DeadLetterFigures | None
    cost: CostFigures | None
    missing: Annotated[list[MissingShape], Field(max_length=4)]


class DeadLetterShape(Shape):
    """A dead letter. Its bytes stay sealed: they may hold a card number."""

    id: Annotated[str, Field(pattern="^[a-z]+[.][0-9-]{10}[.][A-Za-z0-9_.-]+$", max_length=220)]
    reason: Reason
    codes: Annotated[list[_Text], Field(max_length=16, description="What exactly was wrong.")]
    drains: Annotated[list[_Name], Field(max_length=16, description="Those that left a copy.")]
    shard_id: ShardIdText
    sequence_number: SequenceNumberText
    sub_sequence_number: _Count
    positions: Annotated[_Count, Field(description="For how many positions of the stream it stands.")]
    at: Annotated[InstantText, Field(description="Arrival; of a conflict, when the event was accepted.")]
    data_bytes: _Count
    replay: Literal["never", "in_doubt", "sent"]
    replay_tries: _Count


class DeadLetterList(Shape):
    """One page of dead letters, by reason, then the oldest day first."""

    data: Annotated[list[DeadLetterShape], Field(max_length=LETTERS_MAX)]
    has_more: bool
    next_cursor: CursorText | None


class ReplayCountShape(Shape):
    """How many records had an outcome."""

    outcome: Literal["sent", "conflict", "undecodable", "unopenable", "replayed", "in_doubt", "not_stored"]
    count: _Count


class ReplayReport(Shape):
    """What became of dead letters that were to be sent again."""

    outcomes: Annotated[list[ReplayCountShape], Field(max_length=8)]
    why: Annotated[list[_Text], Field(max_length=8, description="Why some were not sent, once each.")]
    next_cursor: Annotated[CursorText | None, Field(description="If there are further letters: ask again with it.")]
