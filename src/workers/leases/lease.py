"""Leases: one row a shard and worker kind, saying who drains the shard, how far it is done and what is under way.

The fields are those of the Kinesis Client Library (KCL), so that its tools read our tables; five are our own: the
plan of a flush, the worker that asks for a hand-over, the ledger, the stream that the row belongs to, and the pins of
versions. Every change is a function of the row that was seen and raises the counter; a write is conditional on the
owner and counter that were seen, which fences out whoever acts on an older row.
"""

from dataclasses import dataclass, replace
from typing import Final, NewType, Self

from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.instants import Instant
from workers.leases.ledger import Ledger, Tally, ledger_at
from workers.leases.stream_identity import StreamIdentity
from workers.leases.version_pin import VersionPin, still_needed, with_pin

WorkerName = NewType("WorkerName", str)

TRIM_HORIZON: Final = "TRIM_HORIZON"
LATEST: Final = "LATEST"
AT_TIMESTAMP: Final = "AT_TIMESTAMP"
SHARD_END: Final = "SHARD_END"
_SENTINELS: Final = frozenset({TRIM_HORIZON, LATEST, AT_TIMESTAMP, SHARD_END})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a shard is done: up to and including a sub-sequence number of a record, or one of KCL's words.

    `timestamp` goes with `AT_TIMESTAMP`: nothing is done, and what arrived before that moment is not wanted.
    """

    sequence_number: str = TRIM_HORIZON
    sub_sequence_number: int = 0
    timestamp: Instant | None = None

    @classmethod
    def at(cls, position: Position) -> Self:
        """Everything up to and including a position is done."""
        return cls(position.sequence_number, position.sub_sequence_number)

    @property
    def shard_ended(self) -> bool:
        """Whether the shard was closed and all of it is done."""
        return self.sequence_number == SHARD_END

    def position(self, shard_id: ShardId) -> Position | None:
        """The last position that is done; none while nothing is, or when all is."""
        if self.sequence_number in _SENTINELS:
            return None
        return Position(shard_id, SequenceNumber(self.sequence_number), self.sub_sequence_number)

    def covers(self, position: Position) -> bool:
        """Whether a position of the shard is done."""
        done = self.position(position.shard_id)
        return self.shard_ended if done is None else position.within_shard() <= done.within_shard()


@dataclass(frozen=True, slots=True)
class FlushPlan:
    """A range of one shard that is to become one object: the object's name and content follow from it alone.

    `positions` counts what stands in the range, sound or not; `arrived_at` is the arrival of its first record.
    """

    first: Position
    last: Position
    arrived_at: Instant
    positions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One row of a lease table. The methods give the row after a change, with a raised counter."""

    shard_id: ShardId
    owner: WorkerName | None = None
    counter: int = 0
    checkpoint: Checkpoint = Checkpoint()
    parents: tuple[ShardId, ...] = ()
    hash_keys: tuple[str, str] | None = None
    owner_switches: int = 0
    plan: FlushPlan | None = None
    wanted_by: WorkerName | None = None
    ledger: Ledger | None = None
    stream: StreamIdentity | None = None
    pins: tuple[VersionPin, ...] = ()

    def taken(self, owner: WorkerName) -> "Lease":
        """The row when another worker takes it, from nobody or from an owner that stands still."""
        return self._changed(owner=owner, wanted_by=None, owner_switches=self.owner_switches + 1)

    def renewed(self) -> "Lease":
        """The row when its owner says that it is alive."""
        return self._changed()

    def wanted(self, by: WorkerName) -> "Lease":
        """The row when another worker asks its owner to hand it over."""
        return self._changed(wanted_by=by)

    def withdrawn(self) -> "Lease":
        """The row when the worker that asked for it no longer wants it."""
        return self._changed(wanted_by=None)

    def released(self) -> "Lease":
        """The row when its owner is done with it: it goes to the worker that asked for it, or to nobody."""
        switches = self.owner_switches + (self.wanted_by is not None)
        return self._changed(owner=self.wanted_by, wanted_by=None, owner_switches=switches)

    def orphaned(self) -> "Lease":
        """The row when its owner has died and the shard is to have a host that holds no lease."""
        return self._changed(owner=None, wanted_by=None, owner_switches=self.owner_switches + 1)

    def planned(self, plan: FlushPlan) -> "Lease":
        """The row when a flush is decided.

        Raises:
            ValueError: another plan is stored. A stored plan is never replaced, only carried out.
        """
        if self.plan is not None and self.plan != plan:
            raise ValueError(f"{self.shard_id}: a stored plan is never replaced")
        return self._changed(plan=plan)

    def pinned(self, pin: VersionPin) -> "Lease":
        """The row when other versions are to hold from a position on. The same pin again is harmless.

        Raises:
            ValueError: records from that position on may have been worked on under the versions before.
        """
        if pin in self.pins:
            return self._changed()
        done = self.checkpoint.position(self.shard_id)
        if pin.start is not None and done is not None and pin.start.within_shard() <= done.within_shard():
            raise ValueError(f"{self.shard_id}: versions are never changed for what is done")
        return self._changed(pins=with_pin(self.pins, pin))

    def advanced(self, to: Position, tally: Tally | None = None, *, fresh_epoch: str = "") -> "Lease":
        """The row when everything up to a position is done; a stored plan is thereby carried out.

        The tally is of what was done since the checkpoint before; without one the ledger does not move along, and
        another begins with the next. `fresh_epoch` is the name that a ledger gets which begins here.

        Raises:
            ValueError: more than that is done already.
        """
        done = self.checkpoint.position(self.shard_id)
        if self.checkpoint.shard_ended or (done is not None and to.within_shard() < done.within_shard()):
            raise ValueError(f"{self.shard_id}: a checkpoint never moves backwards")
        ledger = self.ledger
        if tally is not None:
            whole = self.checkpoint.sequence_number == TRIM_HORIZON
            ledger = ledger_at(ledger, tally, done=done, to=to, whole=whole, fresh_epoch=fresh_epoch)
        return self._changed(
            checkpoint=Checkpoint.at(to),
            plan=None,
            owner_switches=0,
            ledger=ledger,
            pins=still_needed(self.pins, to),
        )

    def ended(self) -> "Lease":
        """The row when the shard is closed and all of it is done.

        Raises:
            ValueError: a plan is stored, so that not all of it is.
        """
        if self.plan is not None:
            raise ValueError(f"{self.shard_id}: a plan is still to be carried out")
        return self._changed(checkpoint=Checkpoint(SHARD_END), owner_switches=0)

    def marked(self, stream: StreamIdentity) -> "Lease":
        """The row when it is noted to which stream it belongs.

        Raises:
            ValueError: it belongs to another one.
        """
        if self.stream not in {None, stream}:
            raise ValueError(f"{self.shard_id}: belongs to another stream")
        return self._changed(stream=stream)

    def carried_over(
        self,
        stream: StreamIdentity,
        done: Position,
        *,
        parents: tuple[ShardId, ...],
        hash_keys: tuple[str, str] | None,
    ) -> "Lease":
        """The row when it is given to a stream that was made again, of whose shard all is done up to a position.

        It has no owner, no plan, no pins, and no ledger: the next one begins behind the position.
        """
        return self._changed(
            stream=stream,
            checkpoint=Checkpoint.at(done),
            parents=parents,
            hash_keys=hash_keys,
            owner=None,
            wanted_by=None,
            plan=None,
            ledger=None,
            pins=(),
        )

    def _changed(self, **fields: object) -> "Lease":
        return replace(self, counter=self.counter + 1, **fields)  # type: ignore[arg-type]
