"""The ports between a drain and the host that runs it: neither imports the other.

A host reads a shard and knows its place there (`Cursor`); a drain makes something of the records (`Processor`). Hosts
stand in `workers/hosts/`: one holds leases and polls, one is handed records and has no lease.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from txn_core.positions import Position
from workers.leases.lease import FlushPlan, Lease
from workers.leases.ledger import Tally
from workers.leases.version_pin import VersionPin
from workers.metrics import ShardLag
from workers.reading.reader import Batch

if TYPE_CHECKING:
    from txn_core.readiness import Check  # which takes the HTTP client along, 9 MB that a drain does not need


class Cursor(Protocol):
    """The place of a drain in one shard, kept in the shard's row. Only its holder moves it."""

    @property
    def row(self) -> Lease:
        """The row as it was last written or read here."""

    async def store_plan(self, plan: FlushPlan) -> None:
        """Keep a plan in the row; whoever holds the place then carries it out.

        Raises:
            TxnError: the place is somebody else's now.
        """

    async def pin(self, pin: VersionPin) -> None:
        """Keep in the row which versions hold from a position on, before anything is done under them.

        Raises:
            TxnError: the place is somebody else's now.
        """

    async def advance(self, to: Position, tally: Tally | None = None) -> None:
        """Checkpoint a position. A stored plan is thereby carried out, and the tally noted in the ledger.

        Raises:
            TxnError: the place is somebody else's now.
        """


class Processor(Protocol):
    """What becomes of one shard's records."""

    async def take(self, batch: Batch) -> None:
        """Take records in; after an empty batch, do what is due by time."""

    async def finish(self) -> None:
        """Make durable and checkpoint all that was taken."""

    def abandon(self) -> None:
        """Free what was taken; nothing of it may be written any more."""


MakeProcessor = Callable[[Cursor, ShardLag], Processor]


@dataclass(frozen=True, slots=True)
class Drain:
    """A drain that is open: what a host needs of it.

    Attributes:
        processor: makes what processes one shard from a cursor on.
        checks: by name, whether what the drain writes to answers.
        tasks: what it does beside the stream, until it is done or the host stops.
    """

    processor: MakeProcessor
    checks: "Mapping[str, Check]" = field(default_factory=dict)
    tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
