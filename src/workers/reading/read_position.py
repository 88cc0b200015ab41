"""How far one reader has come in a shard, whichever way it reads: where it goes on, and what it has missed.

Nothing is skipped unsaid: every iterator and every subscription begins at a record that was seen before, and when
another comes in its place, the stream has let go of it by age, and may have let go of what stood behind it, too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any, Final, Literal, Self

import structlog

from txn_core.kinesis.aggregation import unpack
from txn_core.kinesis.record_batch import RecordBatch, RecordRun
from txn_core.positions import SequenceNumber, ShardId
from txn_core.transactions.instants import datetime_of
from workers.leases.lease import Checkpoint
from workers.reading.answers import arrival_of, data_of, sequence_number_of

RETENTION_S_MIN: Final = 24 * 3600.0  # Kinesis keeps no record for less

Loss = Literal["trimmed", "planned", "shard_gone"]
"""What retention took: the record at which reading went on, a part of a stored plan, or the shard."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """Where reading starts: with the types that name one, at a sequence number or a moment of arrival."""

    type: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER"]
    sequence_number: SequenceNumber | None = None
    timestamp: datetime | None = None

    @property
    def position(self) -> Any:
        """The StartingPosition of a SubscribeToShard call, whose members GetShardIterator has by longer names."""
        members = {"Type": self.type, "SequenceNumber": self.sequence_number, "Timestamp": self.timestamp}
        return {name: value for name, value in members.items() if value is not None}

    @classmethod
    def after(cls, checkpoint: Checkpoint, shard_id: ShardId) -> Self:
        """Where to read on behind a checkpoint: at its record, since it may stand inside an aggregate.

        Raises:
            ValueError: there is nothing behind the checkpoint (SHARD_END), or we do not know its word.
        """
        if (done := checkpoint.position(shard_id)) is not None:
            return cls("AT_SEQUENCE_NUMBER", done.sequence_number)
        match checkpoint.sequence_number:
            case "TRIM_HORIZON" | "LATEST" as kind:
                return cls(kind)
            case "AT_TIMESTAMP" if checkpoint.timestamp is not None:
                return cls("AT_TIMESTAMP", timestamp=datetime_of(checkpoint.timestamp))
        raise ValueError(f"{shard_id}: cannot read behind {checkpoint.sequence_number}")


def uncounted(_: Loss) -> None:
    """Do nothing with a loss, for those who read without metrics."""


class ReadPosition:
    """The position of one reader in its shard. `lost` is told of what retention took."""

    def __init__(self, shard_id: ShardId, checkpoint: Checkpoint, lost: Callable[[Loss], None]) -> None:
        self._shard_id, self._checkpoint, self._lost = shard_id, checkpoint, lost
        self.start = Start.after(checkpoint, shard_id)
        self._due: SequenceNumber | None = None  # the record that must come first, or retention has taken it
        self._fetched = -1  # the last record's sequence number
        self._tip_seen_s = float("-inf")  # by the wall clock, which goes on while a machine sleeps

    def begun(self) -> None:
        """Note that an iterator or a subscription has begun at `start`."""
        # Who saw the tip within the shortest retention has missed nothing, however old the last record is.
        if time.time() - self._tip_seen_s >= RETENTION_S_MIN:
            self._due = self.start.sequence_number

    def taken(self, raw: Sequence[Any], *, ended: bool) -> RecordBatch:
        """The events in what came next that stand behind the checkpoint and were not seen before."""
        if raw or ended:
            self._compare(raw)
        records = behind(self._checkpoint, records_of(self._shard_id, self._unseen(raw)))
        if raw:
            last = sequence_number_of(raw[-1])
            if int(last) > self._fetched:
                self.start, self._fetched = Start("AT_SEQUENCE_NUMBER", last), int(last)
        return records

    def saw_tip(self) -> None:
        """Note that nothing more stood in the shard just now."""
        self._tip_seen_s = time.time()

    def shard_gone(self) -> None:
        """Say that the shard has left the stream, and with it what was not yet read."""
        self._say_lost("shard_gone", read_to=self.start.sequence_number, first=None)

    def _compare(self, raw: Sequence[Any]) -> None:
        """Say so when records begin, or the shard ends, without the one at which reading began.

        What stood behind it may still be there to the last record: nobody can tell.
        """
        due, self._due = self._due, None
        first = sequence_number_of(raw[0]) if raw else None
        if due is None or (first is not None and int(first) == int(due)):
            return
        self._say_lost("trimmed", read_to=due, first=first)

    def _say_lost(self, reason: Loss, *, read_to: str | None, first: str | None) -> None:
        _log.error("records_lost_by_retention", shard=self._shard_id, reason=reason, read_to=read_to, first=first)
        self._lost(reason)

    def _unseen(self, raw: Sequence[Any]) -> Sequence[Any]:
        """Records without those that an earlier iterator or subscription has given."""
        seen = sum(1 for _ in takewhile(lambda record: int(sequence_number_of(record)) <= self._fetched, raw))
        return raw[seen:] if seen else raw


def records_of(shard_id: ShardId, raw: Sequence[Any]) -> RecordBatch:
    """The records of producers in what Kinesis returned, aggregates taken apart."""
    return RecordBatch([_run_of(shard_id, record) for record in raw])


def _run_of(shard_id: ShardId, record: Any) -> RecordRun:
    users = unpack(data_of(record), "")  # the keys are not used: a record may come without one
    number, arrived_at = sequence_number_of(record), arrival_of(record)
    return RecordRun(shard_id, number, 0, arrived_at, users.data, users.begins, users.ends)


def behind(checkpoint: Checkpoint, records: RecordBatch) -> RecordBatch:
    """Those of some records that stand behind a checkpoint: but for some of the first aggregate, as a rule all."""
    covered = takewhile(lambda record: checkpoint.covers(record.position), records)
    count = sum(1 for _ in covered)
    return records[count:] if count else records
