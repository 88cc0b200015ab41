"""What is compared: a view is what one drain has made durable, by its ledgers and, where it has any, its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, Protocol

from operations.ledgers.comparison import ShardLedger
from operations.patience import briefly
from txn_cli.reconcile.faults import Fault
from txn_core.concurrency import side_by_side
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import ShardId
from workers.evidence import RECORDS_MAX, Evidence
from workers.leases.lease import Lease
from workers.leases.ledger import Minute
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable

REFERENCE: Final = "archive"
"""The drain that views are compared to: its rows are the evidence of what the stream no longer retains."""
READS_AT_ONCE_MAX: Final = 8  # of up to RECORDS_MAX records each


class MinutePlace(NamedTuple):
    """A minute of a shard."""

    shard_id: ShardId
    minute: Minute


class JudgedView(Protocol):
    """A view whose minutes can be looked at again."""

    @property
    def name(self) -> str:
        """The view's name."""

    @property
    def sets_apart(self) -> str | None:
        """The kind of worker whose dead letters are no faults of the view; None for a view without evidence."""

    async def faults(self, place: MinutePlace, records: Sequence[StreamRecord]) -> list[Fault]:
        """What is wrong in a minute, of whose records those are given that the view must hold, in their order."""


@dataclass(frozen=True, slots=True)
class View:
    """A drain's name, its leases and ledgers. Without evidence the view is compared by its ledgers alone.

    A system may go without an `optional` one.
    """

    name: str
    leases: LeaseTable
    ledger_table: LedgerTable
    evidence: Evidence | None = None
    optional: bool = False

    @property
    def sets_apart(self) -> str | None:
        """The kind of worker whose dead letters are no faults of the view; None without evidence."""
        return None if self.evidence is None else self.name

    async def ledgers(self, rows: Sequence[Lease], since: Minute) -> dict[ShardId, ShardLedger]:
        """The ledger of each shard, by the rows of the leases, from a minute on."""
        return {row.shard_id: ShardLedger(row, await self.ledger_table.tally(row, since)) for row in rows}

    async def faults(self, place: MinutePlace, records: Sequence[StreamRecord]) -> list[Fault]:  # noqa: ARG002 - records tell
        """See `JudgedView`; nothing without evidence."""
        if (evidence := self.evidence) is None:
            return []
        kinds: dict[int, Sequence[str | None]] = {}

        async def look(first: int) -> None:
            some = records[first : first + RECORDS_MAX]
            kinds[first] = await briefly("look up", lambda: evidence.faults(some))

        await side_by_side(range(0, len(records), RECORDS_MAX), look, workers=READS_AT_ONCE_MAX)
        found = chain.from_iterable(kinds[first] for first in sorted(kinds))
        return [Fault.at(kind, record) for kind, record in zip(found, records, strict=True) if kind is not None]
