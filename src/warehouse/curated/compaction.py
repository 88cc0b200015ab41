"""Compacts: many small files of the table become few large ones with the same rows, and so do those of the vault.

Files are merged with their likes, eight or more at a time, so that a row is written again at most once for each
eightfold of its file's size, however many small commits come in.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from warehouse.curated.schema import CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.table import CuratedTable, DataFile, NewFile
from warehouse.curated.table_files import FILE_BYTES_MAX, FILE_ROWS_MAX, FileWriter, batches, once, vault_file

FAN_IN: Final = 8
TIERS: Final = 4
"""Sizes that are told apart: above an eighth of a full file, a sixty-fourth, a 512th, and below."""
FILES_LEFT_MAX: Final = (FAN_IN - 1) * TIERS
"""Files that are less than half full, of the table or the vault, behind a run."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Compacted:
    """What a run has done: files that were merged, files that came of them, and the rows of these."""

    merged: int = 0
    made: int = 0
    rows: int = 0


async def compact(table: CuratedTable) -> Compacted:
    """Merge until no eight files of a size are left. Appends may go on meanwhile; another compaction wins."""
    done = Compacted()
    while True:
        snapshot = await table.snapshot()
        if files := due(snapshot.files.values()):
            data = await _merged_data(table, files)
            committed = await table.replace(snapshot, files, data, ())
        elif files := due(snapshot.vault.values()):
            data = [await _merged_vault(table, files)]
            committed = await table.replace(snapshot, files, (), data)
        else:
            return done
        if committed:
            done.merged, done.made = done.merged + len(files), done.made + len(data)
            done.rows += sum(each.rows for each in data)
            _log.info("files_compacted", files=len(files), made=len(data))


def due(files: Iterable[DataFile]) -> list[DataFile]:
    """Files to be merged now: of the smallest size that has enough of them, the oldest ones that fit in one file."""
    tiers: defaultdict[int, list[DataFile]] = defaultdict(list)
    for each in files:
        if _share(each) < 0.5:
            tiers[min(TIERS - 1, int(-math.log(max(_share(each), 1e-9), FAN_IN)))].append(each)
    for tier in sorted(tiers, reverse=True):
        if len(tiers[tier]) >= FAN_IN:
            return _fitting(sorted(tiers[tier], key=lambda each: each.appends))
    return []


def _share(file: DataFile) -> float:
    """How full a file is, from 0 to 1."""
    return max(file.bytes / FILE_BYTES_MAX, file.rows / FILE_ROWS_MAX)


def _fitting(files: Sequence[DataFile]) -> list[DataFile]:
    """The first of some files, each less than half full: two of them always fit."""
    total = 0.0
    for place, each in enumerate(files):
        total += _share(each)
        if total > 1:
            return list(files[:place])
    return list(files)


async def _merged_data(table: CuratedTable, files: Sequence[DataFile]) -> list[NewFile]:
    writer = FileWriter(_appends(files))
    for each in files:
        body = await table.read(each)
        await asyncio.to_thread(_copy, body, writer)
    await asyncio.to_thread(writer.finish)
    return writer.files


def _copy(body: bytes, writer: FileWriter) -> None:
    for rows in batches(body, CURATED_SCHEMA):
        writer.write(rows)


async def _merged_vault(table: CuratedTable, files: Sequence[DataFile]) -> NewFile:
    bodies = [await table.read(each) for each in files]
    rows = await asyncio.to_thread(lambda: once(rows for body in bodies for rows in batches(body, VAULT_SCHEMA)))
    return vault_file(rows, _appends(files))


def _appends(files: Iterable[DataFile]) -> tuple[int, ...]:
    return tuple(sorted({number for each in files for number in each.appends}))
