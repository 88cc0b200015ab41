"""A lease that this process holds: the one place from which its row is written while it is held.

Writes are serialised. When a write is refused or its outcome is unknown, the row is read again and says which:
still ours (the write landed, or another of ours, or somebody asked for a hand-over), or lost.

Lost is also a row that carries our name again after it was another worker's: that one may have processed what we
have read. Only the holder changes checkpoint, plan and pins, and every change of hands is counted: these four tell.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

import structlog

from txn_core.aws.errors import code_of, is_passing
from txn_core.exceptions import TxnError
from txn_core.positions import Position
from workers.leases.lease import FlushPlan, Lease
from workers.leases.ledger import Tally
from workers.leases.table import LeaseTable
from workers.leases.version_pin import VersionPin
from workers.retries import UNLIMITED, Patience, retry_outages

Change = Callable[[Lease], Lease]

WRITE_S_MAX: Final = 15.0

_log = structlog.get_logger(__name__)


class LeaseLostError(TxnError):
    """Another worker has the lease; whatever this process still knows of the shard is out of date."""


class HeldLease:
    """The holder's view of a row. Its owner name is this process's alone, so a row with it was written here."""

    def __init__(
        self, table: LeaseTable, row: Lease, *, write_s_max: float = WRITE_S_MAX, patience: Patience = UNLIMITED
    ) -> None:
        self._table, self._row, self._write_s_max, self._patience = table, row, write_s_max, patience
        self._writing = asyncio.Lock()
        self._written_s: float | None = None  # not by this object yet
        self._fresh_epoch = secrets.token_hex(6)  # no two holdings begin a ledger under one name
        self.lost = False

    @property
    def row(self) -> Lease:
        """The row as this process last wrote or read it."""
        return self._row

    async def store_plan(self, plan: FlushPlan) -> None:
        """Decide a flush; it will be carried out by whoever holds the lease.

        Raises:
            LeaseLostError: the lease is another worker's.
        """
        await self._settle(lambda row: row.planned(plan))

    async def pin(self, pin: VersionPin) -> None:
        """Let other versions hold from a position on, for whoever holds the lease.

        Raises:
            LeaseLostError: the lease is another worker's.
        """
        await self._settle(lambda row: row.pinned(pin))

    async def advance(self, to: Position, tally: Tally | None = None) -> None:
        """Checkpoint a position, and with it forget the plan that was carried out, and note what was done.

        Raises:
            LeaseLostError: the lease is another worker's.
        """
        await self._settle(lambda row: row.advanced(to, tally, fresh_epoch=self._fresh_epoch))

    async def end(self) -> None:
        """Checkpoint the end of a closed shard.

        Raises:
            LeaseLostError: the lease is another worker's.
        """
        await self._settle(Lease.ended)

    async def release(self) -> None:
        """Give the lease up, to the worker that asked for it or to nobody. Lost is as good."""
        try:
            await self._settle(Lease.released)
        except LeaseLostError:
            _log.info("lease_gone_at_release", shard=self._row.shard_id)

    async def renew(self, *, within_s: float) -> None:
        """Say that the owner is alive, unless a write of the last `within_s` seconds has said so.

        Tries once: in an outage the next round tries again.

        Raises:
            LeaseLostError: the lease is another worker's.
        """
        async with self._writing:
            now_s = asyncio.get_running_loop().time()
            if self._written_s is not None and now_s - self._written_s < within_s:
                return
            try:
                if not await self._write(self._row.renewed()):
                    await self._has_landed(self._row)
            except Exception as error:
                if not is_passing(error):
                    raise
                _log.warning("outage", call=f"renew {self._row.shard_id}", error=code_of(error))

    async def _settle(self, change: Change) -> None:
        """Make a change, through outages and refusals, or find that the lease is lost."""
        async with self._writing:
            failures = 0
            while True:
                wanted = change(self._row)
                try:
                    if await self._write(wanted):
                        return
                except Exception as error:
                    if not is_passing(error):
                        raise
                    failures += 1
                    await self._patience.pause(f"lease {wanted.shard_id}", error, failures)
                if await self._has_landed(wanted):
                    return

    async def _write(self, wanted: Lease) -> bool:
        async with asyncio.timeout(self._patience.attempt_s(self._write_s_max)):
            landed = await self._table.write(self._row, wanted)
        if landed:
            self._row, self._written_s = wanted, asyncio.get_running_loop().time()
        return landed

    async def _has_landed(self, wanted: Lease) -> bool:
        """Read what the row is, after a write of `wanted` that was refused or whose outcome is not known.

        A release has landed when the row is nobody's, or the one's whom it was given to and who may have gone on.
        """
        shard_id, owner = self._row.shard_id, self._row.owner
        stored = await retry_outages(f"lease {shard_id}", lambda: self._table.row(shard_id), until=self._patience)
        if stored is not None and stored.owner == wanted.owner != owner:
            self._row = wanted
            return True
        ours = {_tenure(self._row), _tenure(wanted)}
        if stored is None or stored.owner != owner or _tenure(stored) not in ours:
            self.lost = True
            raise LeaseLostError(f"the lease of {shard_id} is another worker's, or was meanwhile")
        self._row = stored
        return stored == wanted


def _tenure(row: Lease) -> tuple[object, ...]:
    """What nobody but the holder changes while it holds the lease."""
    return row.checkpoint, row.plan, row.pins, row.owner_switches
