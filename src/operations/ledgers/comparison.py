"""The comparison of a view's ledger of a shard with the reference's.

It says which minutes agree, which differ, and of which nothing can be said.
"""

from dataclasses import dataclass, field
from typing import Final

from txn_core.positions import Position, ShardId
from workers.leases.lease import TRIM_HORIZON, Lease
from workers.leases.ledger import DISORDER_MAX, Ledger, Minute, Sum, Tally, checkpoint_text, minute_of, start_of

_NEVER: Final = Minute("")
_ALWAYS: Final = Minute("~")  # behind every minute


@dataclass(frozen=True, slots=True)
class ShardLedger:
    """A drain's lease row of a shard, if the drain has seen the shard, and what its ledger says of the shard.

    Attributes:
        waits_from: the minute from which on something waits to be taken in by a view that reads the lake.
    """

    row: Lease | None = None
    tally: Tally = field(default_factory=Tally)
    waits_from: Minute = _ALWAYS

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
        """The first minute of which the ledger knows all, if the drain has done that minute."""
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
        """The minute before which the drain has done everything, whatever another drain has seen."""
        if self.row is not None and self.row.checkpoint.shard_ended:
            return _ALWAYS
        newest = None if self.ledger is None else self.ledger.open.newest
        return _NEVER if newest is None else minute_of(start_of(newest) - DISORDER_MAX)

    def covers(self, position: Position) -> bool:
        """Whether the drain's checkpoint covers a position of the shard."""
        return self.row is not None and self.row.checkpoint.covers(position)


@dataclass(frozen=True, slots=True)
class MinuteSums:
    """What the ledgers of a view and of the reference say of a minute."""

    minute: Minute
    view: Sum
    reference: Sum


@dataclass(frozen=True, slots=True)
class Comparison:
    """The minutes of a shard, compared between a view, given by its name, and the reference.

    Of `unfinished` minutes one of the two has not done everything. Of `unknown` minutes a ledger knows only a part.
    """

    shard_id: ShardId
    view: str
    agreeing: tuple[MinuteSums, ...]
    differing: tuple[MinuteSums, ...]
    unfinished: tuple[Minute, ...]
    unknown: tuple[Minute, ...]

    @property
    def compared(self) -> tuple[MinuteSums, ...]:
        """The minutes that could be compared."""
        return self.agreeing + self.differing


def compare(shard_id: ShardId, name: str, view: ShardLedger, reference: ShardLedger) -> Comparison:
    """Compare the ledger of the view with this name to the reference's, minute by minute."""
    sums, reference_sums = dict(view.tally.sums), dict(reference.tally.sums)
    known_from, done_before = max(view.known_from, reference.known_from), _both_done_before(view, reference)
    minutes = sorted(sums.keys() | reference_sums.keys())
    compared = [
        MinuteSums(minute, sums.get(minute, Sum()), reference_sums.get(minute, Sum()))
        for minute in minutes
        if known_from <= minute < done_before
    ]
    return Comparison(
        shard_id,
        name,
        agreeing=tuple(each for each in compared if each.view == each.reference),
        differing=tuple(each for each in compared if each.view != each.reference),
        unfinished=tuple(minute for minute in minutes if minute >= max(known_from, done_before)),
        unknown=tuple(minute for minute in minutes if minute < known_from),
    )


def _both_done_before(view: ShardLedger, reference: ShardLedger) -> Minute:
    """The minute before which both have done everything.

    Equal checkpoints stand for the same positions, also in a minute that is not yet over.
    """
    if view.row is not None and reference.row is not None and view.row.checkpoint == reference.row.checkpoint:
        return view.waits_from
    return min(view.done_before, reference.done_before)
