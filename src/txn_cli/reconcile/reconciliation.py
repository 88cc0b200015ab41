"""A reconciliation of index and archive: compares their ledgers, and rereads the minutes that differ."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from txn_cli.reconcile.comparison import MinuteSums, ShardLedgers, Side, compare
from txn_cli.reconcile.evidence import LakeEvidence, StreamEvidence
from txn_cli.reconcile.faults import Fault, FaultKind, Found
from txn_cli.reconcile.indexed import IndexEvidence
from txn_cli.reconcile.report import Report
from txn_core.aws import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.errors import EventError
from txn_core.kinesis.record_batch import Arrived
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import TransactionId
from workers.leases.lease import Lease
from workers.leases.ledger import Minute, Sum, start_of, tally_of
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable


@dataclass(frozen=True, slots=True)
class Books:
    """The leases and ledgers of one kind of worker."""

    leases: LeaseTable
    ledgers: LedgerTable

    async def sides(self, rows: Sequence[Lease], since: Minute) -> dict[ShardId, Side]:
        """Each shard's row, and its ledger from a minute on."""
        return {row.shard_id: Side(row, await self.ledgers.tally(row, since)) for row in rows}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The views of one stream, and the stream."""

    index_books: Books
    archive_books: Books
    stream: StreamEvidence
    lake: LakeEvidence
    index: IndexEvidence

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> "AsyncIterator[Reconciliation]":
        """A reconciliation for the time of the block.

        Raises:
            StoreError: the tables are not bootstrapped.
        """
        aws, names = Aws(settings), TableNames.of(settings)
        async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.lake() as store:
            index, archive = (
                Books(LeaseTable(dynamodb, names.leases(kind)), LedgerTable(dynamodb, names.ledger(kind)))
                for kind in ("index", "archive")
            )
            transactions = await TransactionTable.open(dynamodb, names.transactions)
            yield cls(
                index,
                archive,
                StreamEvidence(kinesis, settings.stream),
                LakeEvidence(store),
                IndexEvidence(transactions, store, settings.stream),
            )

    async def run(self, since: Minute, *, deep: bool) -> Report:
        """Compare everything that arrived from a minute on; `deep` rereads also the minutes whose ledgers agree.

        Raises:
            StoreError: the leases of one worker are another stream's than there is now: their ledgers are, too.
        """
        index_rows, archive_rows = await self.index_books.leases.rows(), await self.archive_books.leases.rows()
        beginnings = await self.stream.beginnings({"index": index_rows, "archive": archive_rows})
        index = await self.index_books.sides(index_rows, since)
        archive = await self.archive_books.sides(archive_rows, since)
        nobody = Side.absent()
        comparisons = [
            compare(
                ShardLedgers(
                    shard_id, index.get(shard_id, nobody), archive.get(shard_id, nobody), beginnings.get(shard_id)
                )
            )
            for shard_id in sorted(index.keys() | archive.keys())
        ]
        retained_from = await self.stream.retained_from()
        faults = [
            fault
            for comparison in comparisons
            for hour in by_hour([*comparison.differing, *(comparison.agreeing if deep else ())])
            for fault in await self._examine(comparison.shard, hour, retained_from)
        ]
        return Report(since, tuple(comparisons), tuple(faults), deep=deep)

    async def _examine(self, shard: ShardLedgers, sums: Sequence[MinuteSums], retained_from: datetime) -> list[Fault]:
        """What is wrong with some minutes of one hour."""
        found = await self._find(shard, {each.minute for each in sums}, retained_from)
        letters = await self.lake.letters("index", shard.shard_id, {each.minute for each in sums})
        return [
            fault for each in sums for fault in await self._faults(shard, each, found.within(each.minute), letters)
        ]

    async def _find(self, shard: ShardLedgers, minutes: set[Minute], retained_from: datetime) -> Found:
        retained = start_of(min(minutes)) >= retained_from
        stream = await self.stream.records(shard.shard_id, minutes) if retained else None
        lake = await self.lake.rows(shard.shard_id, minutes)
        letters = await self.lake.letters("archive", shard.shard_id, minutes)
        return Found(stream, lake, letters).only(shard.both_did)

    async def _faults(
        self, shard: ShardLedgers, sums: MinuteSums, found: Found, letters: Sequence[Arrived]
    ) -> list[Fault]:
        def named(kind: FaultKind, record: Arrived | None = None) -> Fault:
            position = None if record is None else record.position
            return Fault(kind, shard.shard_id, sums.minute, position, None if record is None else _id_of(record))

        of_index = [named(*fault) for fault in await self.index.faults(found.events(), letters)]
        of_lake = [named(*fault) for fault in found.lake_faults()]
        if not of_lake and _sum(found.archived()) != sums.archive:
            of_lake = [named("unexplained_in_lake")]
        if not of_index and found.stream is not None and _sum(found.stream) != sums.index:
            of_index = [named("unexplained_in_index")]
        return of_index + of_lake


def by_hour(sums: Sequence[MinuteSums]) -> Iterator[list[MinuteSums]]:
    """Minutes in order, those of an hour together: they are read at once."""
    ordered = sorted(sums, key=lambda each: each.minute)
    return (list(hour) for _, hour in groupby(ordered, key=lambda each: each.minute[:13]))


def _sum(records: Sequence[Arrived]) -> Sum:
    """The sum of records of one minute."""
    return sum((noted for _, noted in tally_of(records).sums), Sum())


def _id_of(record: Arrived) -> TransactionId | None:
    try:
        return Event.decode(record.data).transaction_id
    except EventError:
        return None
