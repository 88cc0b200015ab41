"""What has been scored of a shard and not yet checkpointed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fraud.records.score_row import ScoreRow
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position
from txn_core.transactions.instants import instant_of
from workers.leases.lease import FlushPlan
from workers.leases.ledger import Tally


@dataclass(slots=True)
class PendingRows:
    """The positions of one flush, which stand together in the stream, and the rows that came of them.

    Attributes:
        positions: how many there are, scored or not.
        since_s: when the first was taken, by the monotonic clock.
    """

    first: StreamRecord
    last: StreamRecord
    since_s: float
    positions: int = 0
    tally: Tally = field(default_factory=Tally)
    rows: list[ScoreRow] = field(default_factory=list)

    def add(self, records: Sequence[StreamRecord], tally: Tally, rows: Sequence[ScoreRow]) -> None:
        """Add the positions that follow, and their rows."""
        self.last = records[-1]
        self.positions += len(records)
        self.tally += tally
        self.rows += rows

    @property
    def plan(self) -> FlushPlan:
        """The plan that makes one object of the rows."""
        return FlushPlan(self.first.position, self.last.position, instant_of(self.first.arrived_at), self.positions)

    def has_reached(self, to: Position) -> bool:
        """Whether everything up to a position was taken."""
        return self.last.position.within_shard() >= to.within_shard()
