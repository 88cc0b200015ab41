"""A shard's row that no worker owns, moved by a host that holds no lease.

Every write is on condition of the row as it was seen, and so of the checkpoint before. Two who process the same
records at once therefore move the checkpoint once, and note the records in the ledger once.
"""

import secrets
from collections.abc import Callable
from functools import partial

from txn_core.exceptions import TxnError
from txn_core.positions import Position
from workers.leases.lease import FlushPlan, Lease
from workers.leases.ledger import Tally
from workers.leases.table import LeaseTable
from workers.leases.version_pin import VersionPin
from workers.retries import UNLIMITED, Patience, retry_outages


class RowMovedError(TxnError):
    """Somebody else has moved the row's checkpoint, changed its plan or pins, or taken or deleted it."""


class UnownedRow:
    """A cursor for as long as nobody else moves the row."""

    def __init__(self, table: LeaseTable, row: Lease, patience: Patience = UNLIMITED) -> None:
        self._table, self._row, self._patience = table, row, patience
        self._fresh_epoch = secrets.token_hex(6)  # no two begin a ledger under one name

    @property
    def row(self) -> Lease:
        """The row as it was last written or read here."""
        return self._row

    async def store_plan(self, plan: FlushPlan) -> None:
        """Keep a plan in the row.

        Raises:
            RowMovedError: somebody else has moved the row.
        """
        await self._change(lambda row: row.planned(plan))

    async def pin(self, pin: VersionPin) -> None:
        """Let other versions hold from a position on.

        Raises:
            RowMovedError: somebody else has moved the row.
        """
        await self._change(lambda row: row.pinned(pin))

    async def advance(self, to: Position, tally: Tally | None = None) -> None:
        """Checkpoint a position, and note in the ledger what was done since the checkpoint before.

        Raises:
            RowMovedError: somebody else has moved the row; nothing is noted.
        """
        await self._change(lambda row: row.advanced(to, tally, fresh_epoch=self._fresh_epoch))

    async def _change(self, change: Callable[[Lease], Lease]) -> None:
        """Make a change. A refused write may be ours, whose answer was lost, or one that only marked the row."""
        shard_id, patience = self._row.shard_id, self._patience
        while True:
            wanted = change(self._row)
            write = partial(self._table.write, self._row, wanted)
            if await retry_outages(f"row {shard_id}", write, until=patience):
                self._row = wanted
                return
            stored = await retry_outages(f"row {shard_id}", partial(self._table.row, shard_id), until=patience)
            if stored == wanted:
                self._row = stored
                return
            if stored is None or _place(stored) != _place(self._row):
                raise RowMovedError(f"the row of {shard_id} was moved meanwhile")
            self._row = stored


def _place(row: Lease) -> tuple[object, ...]:
    return row.owner, row.checkpoint, row.plan, row.pins
