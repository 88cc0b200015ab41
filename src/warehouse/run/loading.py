"""Loads what the curated table has and a landing has not, some commits at a time, files in slices."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from txn_core.lake.parquet import ROW_GROUP_ROWS, slices
from warehouse.curated.table import Append, CuratedTable, DataFile, Snapshot
from warehouse.landing.landing_port import Landing, LoadBatch
from warehouse.landing.load_ledger import Ledger, missing


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was loaded."""

    commits: int = 0
    rows: int = 0


async def load(table: CuratedTable, landing: Landing, *, commits_max: int) -> LoadReport:
    """Load every append commit that the landing does not have.

    Raises:
        WarehouseError: as `Landing` has it.
    """
    opened = await asyncio.to_thread(landing.open)
    report = LoadReport()
    try:
        while True:
            snapshot = await table.snapshot()
            if not (part := _missing(snapshot, await asyncio.to_thread(opened.loaded))[:commits_max]):
                return report
            loaded = await asyncio.to_thread(opened.load, _batch(table, snapshot, part))
            report = LoadReport(report.commits + len(loaded.objects), report.rows + loaded.rows)
    finally:
        await asyncio.to_thread(opened.close)


async def waiting_commits(snapshot: Snapshot, landing: Landing) -> list[Append]:
    """The append commits that a landing does not have.

    Raises:
        WarehouseError: as `Landing` has it.
    """
    opened = await asyncio.to_thread(landing.open)
    try:
        return _missing(snapshot, await asyncio.to_thread(opened.loaded))
    finally:
        await asyncio.to_thread(opened.close)


def _missing(snapshot: Snapshot, ledger: Ledger) -> list[Append]:
    return missing((append for _, append in sorted(snapshot.appends.items())), ledger)


def _batch(table: CuratedTable, snapshot: Snapshot, appends: Sequence[Append]) -> LoadBatch:
    """Some commits with their files, which the loader's thread has the event loop read one after the other."""
    loop = asyncio.get_running_loop()
    numbers = [append.number for append in appends]

    def slices_of(files: Iterable[DataFile]) -> Iterator[pa.Table]:
        for file in files:
            yield from slices(asyncio.run_coroutine_threadsafe(table.read(file), loop).result(), ROW_GROUP_ROWS)

    return LoadBatch(
        tuple(appends),
        lambda: slices_of(snapshot.files_of(numbers)),
        lambda: slices_of(snapshot.vault_of(numbers)),
        tuple(snapshot.files_of(numbers)),
    )
