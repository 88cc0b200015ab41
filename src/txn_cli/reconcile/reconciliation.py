"""A reconciliation of views with a reference: compares their ledgers, and rereads the minutes that differ.

The reference is the archive, since its rows in the lake are the evidence of what was on the stream beyond the
stream's retention. Every other drain of the stream is a view, and so is the landing of a warehouse.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from operations.ledgers.comparison import Comparison, MinuteSums, ShardLedger, compare
from txn_cli.reconcile.evidence import LakeEvidence, StreamEvidence
from txn_cli.reconcile.examination import Examination
from txn_cli.reconcile.faults import Fault
from txn_cli.reconcile.reconcile_report import Report
from txn_cli.reconcile.views import REFERENCE, JudgedView, View
from txn_core.aws.clients import Aws
from txn_core.drains import readers_of
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import SequenceNumber, ShardId
from txn_core.settings import Settings
from workers.leases.lease import Lease
from workers.leases.ledger import Minute
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable

if TYPE_CHECKING:
    from txn_cli.reconcile.landed_view import Held
    from txn_cli.reconcile.warehouse_totals import Total


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The views of one stream, and the stream.

    Attributes:
        warehouse: gives the warehouse whose landing is a further view, for a block in which no run changes it; or
            None.
    """

    reference: View
    views: tuple[View, ...]
    stream: StreamEvidence
    lake: LakeEvidence
    warehouse: "Held | None" = None

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, warehouse: "Held | None" = None) -> "AsyncIterator[Reconciliation]":
        """A reconciliation for the time of the block.

        Raises:
            StoreError: the tables are not bootstrapped.
        """
        aws, names = Aws(settings), TableNames.of(settings)
        async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.lake() as store:
            views = {
                drain.name: View(
                    drain.name,
                    LeaseTable(dynamodb, names.leases(drain.name)),
                    LedgerTable(dynamodb, names.ledger(drain.name)),
                    None if drain.evidence is None else await resolve_name(drain.evidence)(settings, dynamodb, store),
                    optional=drain.extra is not None,
                )
                for drain in readers_of(settings.stream, settings)
            }
            reference = views.pop(REFERENCE)
            stream = StreamEvidence(kinesis, settings.stream)
            yield cls(reference, tuple(views.values()), stream, LakeEvidence(store), warehouse)

    async def run(self, since: Minute, *, deep: bool) -> Report:
        """Compare everything that arrived from a minute on; `deep` rereads also the minutes whose ledgers agree.

        Raises:
            StoreError: the leases of one drain are another stream's than there is now: their ledgers are, too.
        """
        drains = (*self.views, self.reference)
        rows = {drain.name: await drain.leases.rows() for drain in drains}
        beginnings = await self.stream.beginnings(rows)
        ledgers = {drain.name: await drain.ledgers(rows[drain.name], since) for drain in drains}
        retained_from = await self.stream.retained_from()
        landed, totals = await self._landed(ledgers, beginnings, since)
        never_ran = tuple(view.name for view in self.views if view.optional and not rows[view.name])
        off = tuple(view.name for view in self.views if view.optional and is_off(rows[view.name]))
        ran = tuple(view for view in self.views if view.name not in never_ran)
        views = ran if landed is None else (*ran, landed)
        comparisons: list[Comparison] = []
        faults: list[Fault] = []
        for shard_id in sorted({shard_id for by_shard in ledgers.values() for shard_id in by_shard}):
            of_shard = {name: by_shard.get(shard_id, ShardLedger()) for name, by_shard in ledgers.items()}
            compared = [
                compare(shard_id, view.name, of_shard[view.name], of_shard[self.reference.name]) for view in views
            ]
            begins = beginnings.get(shard_id)
            examination = Examination(
                self.stream, self.lake, self.reference, views, shard_id, of_shard, begins, retained_from
            )
            comparisons += compared
            for hour in by_hour(compared, deep=deep):
                faults += await examination.faults(hour)
        names = tuple(view.name for view in views)
        alone = tuple(view.name for view in views if view.sets_apart is None)
        return Report(
            since,
            names,
            alone,
            tuple(comparisons),
            tuple(faults),
            deep=deep,
            totals=totals,
            never_ran=never_ran,
            off=off,
        )

    async def _landed(
        self,
        ledgers: dict[str, dict[ShardId, ShardLedger]],
        beginnings: Mapping[ShardId, SequenceNumber],
        since: Minute,
    ) -> "tuple[JudgedView | None, tuple[Total, ...]]":
        """The landing and the totals, if there is a warehouse, after what it holds was added to the ledgers."""
        if self.warehouse is None:
            return None, ()
        from txn_cli.reconcile.landed_view import LandedView  # noqa: PLC0415 - the extra `warehouse`
        from txn_cli.reconcile.warehouse_totals import totals_of  # noqa: PLC0415

        landed = LandedView(self.warehouse, self.lake.store, beginnings)
        with self.warehouse() as target:
            ledgers[landed.name] = await landed.ledgers(target, ledgers[self.reference.name], since)
            return landed, await asyncio.to_thread(totals_of, target)


def is_off(rows: Sequence[Lease]) -> bool:
    """Whether a drain has run, and no process has one of its leases now."""
    return bool(rows) and all(row.owner is None for row in rows)


def by_hour(comparisons: Sequence[Comparison], *, deep: bool) -> Iterator[Mapping[Minute, Mapping[str, MinuteSums]]]:
    """The minutes of a shard to be read again, those of an hour together, each with the sums of the views concerned.

    A minute of which one view differs is read once, whatever number of views differ.
    """
    wanted: defaultdict[Minute, dict[str, MinuteSums]] = defaultdict(dict)
    for comparison in comparisons:
        for sums in (*comparison.differing, *(comparison.agreeing if deep else ())):
            wanted[sums.minute][comparison.view] = sums
    return (
        {minute: wanted[minute] for minute in hour} for _, hour in groupby(sorted(wanted), lambda each: each[:13])
    )
