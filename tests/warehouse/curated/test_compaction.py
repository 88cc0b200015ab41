"""Few files hold the rows of many, and whoever read the many can go on reading for a while."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.memory_objects import at_once
from tests.warehouse.curated.lakes import adverse_lake, assert_once, memory_lake, rows_of, table_in, vault_of
from txn_core.transactions.instants import Instant, datetime_of, instant_of, now
from warehouse.curated import parquet_table
from warehouse.curated.compaction import FAN_IN, FILES_LEFT_MAX, Compacted, compact, due
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.history import GRACE
from warehouse.curated.parquet_table import DATA_PREFIX, VAULT_PREFIX
from warehouse.curated.table import DataFile, NewFile
from warehouse.curated.table_files import FILE_BYTES_MAX, FILE_ROWS_MAX

ONE = CommitLimits(objects=1)


def file(number: int, share: float) -> DataFile:
    size = int(FILE_BYTES_MAX * share)
    return DataFile(f"curated/data/{number:012d}.parquet", 1, size, None, None, (number,))


async def test_a_compaction_keeps_every_row_and_the_next_one_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = memory_lake(adverse_lake())
    table = table_in(store)
    await curate(store, table, ONE, at_once)
    before, rows, people = await table.snapshot(), await rows_of(store), await vault_of(store)
    assert len(before.files) == len(before.vault) == len(adverse_lake())

    done = await compact(table)
    after = await table.snapshot()
    assert (done.merged, done.made) == (2 * FAN_IN + 4, 2), "ten files and ten of the vault"
    assert len(after.files) == len(after.vault) == 1
    await assert_once(store)
    assert sorted(map(repr, await rows_of(store))) == sorted(map(repr, rows))
    merged = await vault_of(store)
    assert Counter((row.pop("first_commit"), *row.values()) for row in merged).most_common(1)[0][1] == 1
    assert {repr(row) for row in merged} == {repr(row) for row in people if row.pop("first_commit")}
    assert after.appends == before.appends
    assert {number for each in after.files.values() for number in each.appends} == set(before.appends)
    assert await compact(table) == Compacted()

    assert await table.clear() == 0, "a reader of the snapshot before may still read its files"
    assert all(key in store.objects for key in [*before.files, *before.vault])
    late = instant_of(datetime_of(now()) + GRACE + timedelta(minutes=1))
    monkeypatch.setattr(parquet_table, "now", lambda: late)
    assert await table.clear() == 2 * len(adverse_lake())
    left = {key for key in store.objects if key.startswith((DATA_PREFIX, VAULT_PREFIX))}
    assert left == after.files.keys() | after.vault.keys()
    await assert_once(store)


async def test_a_replacement_goes_on_behind_an_append_and_gives_way_to_another_replacement() -> None:
    store = memory_lake(adverse_lake()[1:4])
    table, other = table_in(store), table_in(store)
    await curate(store, table, ONE, at_once)
    planned = await table.snapshot()
    store.objects[adverse_lake()[0].key] = adverse_lake()[0].body
    await curate(store, other, ONE, at_once)
    files = list(planned.files.values())
    one = files[0]
    kept = NewFile(store.objects[one.key], one.rows, one.first_at, one.last_at, one.appends)
    assert await table.replace(planned, [one], [kept], ())
    assert not await other.replace(planned, [one], [kept], ())
    await assert_once(store)


@given(st.lists(st.floats(1e-6, 1.2), max_size=120))
def test_what_is_merged_fits_into_one_file_and_in_the_end_few_files_are_left(shares: list[float]) -> None:
    files = [file(number, share) for number, share in enumerate(shares)]
    while group := due(files):
        assert len(group) >= 2
        total = sum(each.bytes for each in group)
        assert total <= FILE_BYTES_MAX
        files = [each for each in files if each not in group] + [replace(group[0], bytes=total)]
    assert sum(each.bytes < FILE_BYTES_MAX / 2 for each in files) <= FILES_LEFT_MAX


def test_a_file_with_many_rows_of_few_bytes_is_full_too() -> None:
    full = [replace(file(number, 0.001), rows=FILE_ROWS_MAX) for number in range(20)]
    assert due(full) == []


def test_a_row_is_written_again_few_times_however_small_its_commit() -> None:
    files: list[DataFile] = []
    written = 0
    for number in range(4_000):
        files.append(replace(file(number, 0.0), bytes=10_000))
        while group := due(files):
            merged = replace(group[0], bytes=sum(each.bytes for each in group))
            written += merged.bytes
            files = [each for each in files if each not in group] + [merged]
    assert written / (4_000 * 10_000) < 5


def test_the_grace_is_told_by_moments() -> None:
    from warehouse.curated.history import is_over

    at = Instant("2026-01-02T03:00:00.000000Z")
    assert not is_over(at, Instant("2026-01-02T04:00:00.000000Z"))
    assert is_over(at, Instant("2026-01-02T04:00:00.000001Z"))
