"""The order of steps in which checkpoint and ledger move: what left the row is put away before it is dropped."""

from dataclasses import dataclass

from txn_core.positions import Position
from workers.drain import Cursor
from workers.leases.ledger import Tally
from workers.leases.ledger_table import LedgerTable


@dataclass(frozen=True, slots=True)
class Checkpointer:
    """The ledgers of one kind of worker, as its processes keep them."""

    table: LedgerTable

    async def advance(self, lease: Cursor, to: Position, tally: Tally) -> None:
        """Checkpoint a position, and note what was made durable since the checkpoint before.

        Raises:
            TxnError: the place is somebody else's now; nothing is noted.
        """
        if (ledger := lease.row.ledger) is not None:
            await self.table.put_leaving(lease.row.shard_id, ledger)
        await lease.advance(to, tally)
