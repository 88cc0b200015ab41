"""Append commits with rows as the curated table has them, and what a landing has to hold of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from tests.warehouse.curated.lakes import adverse_lake
from txn_core.transactions.instants import Instant
from warehouse.curated.raw_tables import raw_table
from warehouse.curated.schema import CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.table import Append
from warehouse.curated.transformation import Transformation
from warehouse.landing.landing_port import LoadBatch


@dataclass(frozen=True, slots=True)
class MadeCommit:
    """An append commit with its rows and those of its vault."""

    append: Append
    rows: pa.Table
    vault: pa.Table


def made_commit(number: int, rows: pa.Table, vault: pa.Table | None = None) -> MadeCommit:
    """A commit of rows."""
    append = Append(number, rows.num_rows, Instant("2026-01-02T03:04:05.000000Z"), digest=f"{number:064x}")
    return MadeCommit(append, rows, VAULT_SCHEMA.empty_table() if vault is None else vault)


@cache
def adverse_commits(rows: int = 60, rows_per_object: int = 16) -> tuple[MadeCommit, ...]:
    """A commit for each object of an adverse lake, and one without rows in the middle."""
    made: list[MadeCommit] = []
    with Transformation.open() as transformation:
        for each in adverse_lake(rows, rows_per_object):
            number, raw = len(made) + 1, raw_table(each.body)
            made.append(made_commit(number, transformation.curated(raw, number), transformation.vault(raw, number)))
            if number == 4:
                made.append(made_commit(5, CURATED_SCHEMA.empty_table()))
    return tuple(made)


def batch_of(commits: Iterable[MadeCommit], *beside: MadeCommit) -> LoadBatch:
    """A batch of commits, in a file each; rows of other commits lie in the same file as the first one's."""
    commits = tuple(commits)
    first = commits[:1] + beside
    rows = [pa.concat_tables([each.rows for each in first]), *(each.rows for each in commits[1:])]
    vault = [pa.concat_tables([each.vault for each in first]), *(each.vault for each in commits[1:])]
    return LoadBatch(tuple(each.append for each in commits), lambda: iter(rows), lambda: iter(vault))


def expected_rows(commits: Iterable[MadeCommit]) -> list[tuple[object, ...]]:
    """Every row of some commits, in the order of `sorted_rows`."""
    return sorted_rows(tuple(row.values()) for each in commits for row in each.rows.to_pylist())


def sorted_rows(rows: Iterable[Sequence[object]]) -> list[tuple[object, ...]]:
    """Rows in an order that every engine gives: by their places."""
    return sorted((tuple(row) for row in rows), key=lambda row: (str(row[1]), int(str(row[2])), int(str(row[3]))))


def expected_ledger(commits: Iterable[MadeCommit]) -> dict[str, tuple[int, str]]:
    """Rows and digest of each commit by its name."""
    return {each.append.name: (each.rows.num_rows, each.append.digest) for each in commits}
