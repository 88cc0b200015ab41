"""What is compared: a view is what one drain has made durable, by its ledgers and, where it has any, its evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from txn_cli.patience import briefly
from txn_cli.reconcile.comparison import ShardLedger
from txn_cli.reconcile.faults import Fault
from txn_core.concurrency import side_by_side
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import ShardId
from workers.evidence import Evidence
from workers.leases.lease import Lease
from workers.leases.ledger import Minute
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable

REFERENCE: Final = "archive"
"""The drain that views are compared to: its rows are the evidence of what the stream no longer retains."""
READS_AT_ONCE_MAX: Final = 32


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
    """A drain's name, its leases and ledgers. Without evidence the view is compared by its ledgers alone."""

    name: str
    leases: LeaseTable
    ledger_table: LedgerTable
    evidence: Evidence | None = None

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
        found: dict[int, Fault] = {}

        async def look(numbered: tuple[int, StreamRecord]) -> None:
            number, record = numbered
            if (kind := await briefly("look up", lambda: evidence.fault(record))) is not None:
                found[number] = Fault.at(kind, record)

        await side_by_side(enumerate(records), look, workers=READS_AT_ONCE_MAX)
        return [found[number] for number in sorted(found)]
