"""The comparison of two ledgers of a shard: which minutes agree, which differ, and of which nothing can be said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from txn_core.positions import Position, SequenceNumber, ShardId
from workers.leases.lease import TRIM_HORIZON, Lease
from workers.leases.ledger import DISORDER_MAX, Ledger, Minute, Sum, Tally, checkpoint_text, minute_of, start_of

_NEVER: Final = Minute("")
_ALWAYS: Final = Minute("~")  # behind every minute


@dataclass(frozen=True, slots=True)
class Side:
    """One worker kind's lease row of a shard, and what its ledger says."""

    row: Lease | None
    tally: Tally

    @classmethod
    def absent(cls) -> Self:
        """The side of a kind of worker that has not seen the shard."""
        return cls(None, Tally())

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, if it belongs to the checkpoint."""
        if self.row is None or self.row.ledger is None:
            return None
        done = self.row.checkpoint.position(self.row.shard_id)
        fits = self.row.checkpoint.shard_ended or (
            done is not None and self.row.ledger.through == checkpoint_text(done)
        )
        return self.row.ledger if fits else None

    @property
    def known_from(self) -> Minute:
        """The first minute of which the ledger knows all, if that is done."""
        if self.row is None or (self.row.checkpoint.sequence_number == TRIM_HORIZON and self.row.ledger is None):
            return _NEVER
        if self.ledger is None:
            # The end of a shard that never held a record needs no ledger.
            return _NEVER if self.row.checkpoint.shard_ended and self.row.ledger is None else _ALWAYS
        if self.ledger.since is None:
            return _NEVER
        return minute_of(start_of(self.ledger.since) + 2 * DISORDER_MAX)

    @property
    def done_before(self) -> Minute:
        """The minute before which everything is done, whatever the other side has seen."""
        if self.row is not None and self.row.checkpoint.shard_ended:
            return _ALWAYS
        newest = None if self.ledger is None else self.ledger.open.newest
        return _NEVER if newest is None else minute_of(start_of(newest) - DISORDER_MAX)


@dataclass(frozen=True, slots=True)
class ShardLedgers:
    """Both sides of a shard. `begins` is its first sequence number, where the stream says so."""

    shard_id: ShardId
    index: Side
    archive: Side
    begins: SequenceNumber | None = None

    def both_did(self, position: Position) -> bool:
        """Whether both checkpoints cover a position of the shard; one before it is of an earlier stream."""
        if self.begins is not None and int(position.sequence_number) < int(self.begins):
            return False
        return all(
            side.row is not None and side.row.checkpoint.covers(position) for side in (self.index, self.archive)
        )

    @property
    def done_before(self) -> Minute:
        """The minute before which both have done everything.

        Checkpoints at one place stand for the same positions, also in a minute that is not yet over.
        """
        rows = (self.index.row, self.archive.row)
        if rows[0] is not None and rows[1] is not None and rows[0].checkpoint == rows[1].checkpoint:
            return _ALWAYS
        return min(self.index.done_before, self.archive.done_before)


@dataclass(frozen=True, slots=True)
class MinuteSums:
    """What both ledgers say of a minute."""

    minute: Minute
    index: Sum
    archive: Sum


@dataclass(frozen=True, slots=True)
class Comparison:
    """The minutes of a shard. Of `unfinished` ones not all is done, of `unknown` ones a ledger knows only a part."""

    shard: ShardLedgers
    agreeing: tuple[MinuteSums, ...]
    differing: tuple[MinuteSums, ...]
    unfinished: tuple[Minute, ...]
    unknown: tuple[Minute, ...]

    @property
    def compared(self) -> tuple[MinuteSums, ...]:
        """The minutes that could be compared."""
        return self.agreeing + self.differing


def compare(shard: ShardLedgers) -> Comparison:
    """Compare minute by minute."""
    index, archive = dict(shard.index.tally.sums), dict(shard.archive.tally.sums)
    known_from, done_before = max(shard.index.known_from, shard.archive.known_from), shard.done_before
    minutes = sorted(index.keys() | archive.keys())
    compared = [_sums(m, index, archive) for m in minutes if known_from <= m < done_before]
    return Comparison(
        shard,
        agreeing=tuple(sums for sums in compared if sums.index == sums.archive),
        differing=tuple(sums for sums in compared if sums.index != sums.archive),
        unfinished=tuple(m for m in minutes if m >= max(known_from, done_before)),
        unknown=tuple(m for m in minutes if m < known_from),
    )


def _sums(minute: Minute, index: Mapping[Minute, Sum], archive: Mapping[Minute, Sum]) -> MinuteSums:
    return MinuteSums(minute, index.get(minute, Sum()), archive.get(minute, Sum()))
