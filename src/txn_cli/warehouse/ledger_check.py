"""Compares the landing's positions with the archive's ledger, by shard and minute of arrival.

Both count positions and sum up their hashes, so a minute agrees only when it has the same positions. What the archive
set apart as dead letters is in its ledger and in no table; such letters are read for the minutes that differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from txn_cli.reconcile.comparison import ShardLedger
from txn_cli.reconcile.evidence import LakeEvidence
from txn_cli.reconcile.views import REFERENCE, View
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.dynamodb.tables import TableNames
from txn_core.positions import ShardId
from txn_core.settings import Settings
from warehouse.run.place_sums import PlaceSum, PlaceSums
from workers.leases.ledger import Minute, Sum, tally_of
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable

_FIRST_MINUTE = Minute("")


@dataclass(frozen=True, slots=True)
class DifferingMinute:
    """A minute of a shard whose positions are not the same in the archive's ledger and in the landing."""

    shard_id: ShardId
    minute: Minute
    archived: int
    landed: int


async def differing_minutes(settings: Settings, store: ObjectStore, landed: PlaceSums) -> list[DifferingMinute]:
    """The minutes that differ, of those that the archive knows all of and is done with."""
    names = TableNames.of(settings)
    async with Aws(settings).dynamodb() as dynamodb:
        archive = View(
            REFERENCE,
            LeaseTable(dynamodb, names.leases(REFERENCE)),
            LedgerTable(dynamodb, names.ledger(REFERENCE)),
        )
        ledgers = await archive.ledgers(await archive.leases.rows(), _FIRST_MINUTE)
    lake = LakeEvidence(store)
    found = []
    for shard_id, ledger in sorted(ledgers.items()):
        for minute, archived, own in _differing(ledger, landed.get(shard_id, {})):
            letters = await lake.dead_letters(REFERENCE, shard_id, {minute})
            set_apart = sum((noted for _, noted in tally_of(letters).sums), Sum())
            if own + set_apart != archived:
                found.append(DifferingMinute(shard_id, minute, archived.count - set_apart.count, own.count))
    return found


def _differing(ledger: ShardLedger, landed: Mapping[str, PlaceSum]) -> Iterator[tuple[Minute, Sum, Sum]]:
    archived = dict(ledger.tally.sums)
    for minute in sorted(archived.keys() | {Minute(minute) for minute in landed}):
        there = landed.get(minute, PlaceSum())
        sums = archived.get(minute, Sum()), Sum(there.count, there.digest)
        if ledger.known_from <= minute < ledger.done_before and sums[0] != sums[1]:
            yield minute, *sums
