"""Whatever ends, fails or races, each raw object is in one append commit, and each position in the table once."""

import asyncio
import io
import os
import random
from collections.abc import Callable
from contextlib import suppress

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from devkit.lake_maker import LakeObject, lake_of, made_bodies

from tests.support.memory_objects import Fault, KilledError, MemoryObjects, at_once
from tests.warehouse.curated.lakes import PLACE, adverse_lake, assert_once, memory_lake, rows_of, table_in, vault_of
from txn_core.aws.objects import ObjectEntry
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.lake.parquet import read_parquet
from warehouse.curated.commit_rows import rows_of as commit_rows
from warehouse.curated.compaction import compact
from warehouse.curated.curation import CommitLimits, Curated, batch_of, curate
from warehouse.curated.parquet_table import DATA_PREFIX, VAULT_PREFIX
from warehouse.curated.raw_tables import raw_table
from warehouse.curated.table import COMMITS_PREFIX
from warehouse.curated.transformation import Transformation

FOUR = CommitLimits(objects=4)
SEEDS = int(os.environ.get("LAKE_SEEDS", "1"))
WRITES = range(6) if "LAKE_SEEDS" in os.environ else (0, 2, 4)
"""Writes that fail: of a file, of a commit, of a file of the vault; `make lake-storms` takes all of two commits."""


async def run(store: MemoryObjects, limits: CommitLimits = FOUR) -> Curated:
    """Curate as a process of its own."""
    table = table_in(store)
    done = await curate(store, table, limits, at_once)
    await table.clear()
    return done


async def test_a_run_takes_all_objects_and_the_next_one_nothing() -> None:
    store = memory_lake(adverse_lake())
    done = await run(store)
    assert done.objects == len(adverse_lake())
    assert done.commits == list(range(1, -(-len(adverse_lake()) // 4) + 1))
    assert done.rows == sum(int(each.metadata["rows"]) for each in adverse_lake())
    await assert_once(store)
    before = dict(store.objects)
    assert await run(store) == Curated()
    assert store.objects == before


async def test_an_object_that_appears_late_is_taken_then() -> None:
    late = adverse_lake()[0]
    store = memory_lake(adverse_lake()[1:4])
    await run(store)
    store.objects[late.key] = late.body
    assert (await run(store)).objects == 1
    await assert_once(store)


async def test_dead_letters_are_no_rows() -> None:
    store = memory_lake(adverse_lake()[:2])
    store.objects[f"{DEAD_LETTER_PREFIX}undecodable/dt=2026-01-01/x.parquet"] = adverse_lake()[3].body
    assert (await run(store)).objects == 2


async def test_an_empty_lake_has_no_commit() -> None:
    assert await run(store := MemoryObjects()) == Curated()
    assert store.objects == {}


async def test_objects_that_are_none_are_told_and_hold_nobody_up() -> None:
    store = memory_lake(adverse_lake()[:3])
    garbage = [b"", b"PAR1", b"not parquet", adverse_lake()[0].body[:-20]]
    store.objects |= {f"raw/dt=2026-01-01/hr=00/{place}.parquet": body for place, body in enumerate(garbage)}
    done = await run(store)
    assert (done.objects, len(done.unreadable)) == (3, len(garbage))
    assert all(key.startswith("raw/dt=2026-01-01/hr=00/") for key in done.unreadable)
    assert len(await rows_of(store)) == done.rows
    assert (await run(store)).commits == [], "they are told again, and nothing is committed for them"


@pytest.mark.parametrize(
    "change",
    [
        lambda table: _with(table, "arrived_at", pa.array([2**62] * len(table), pa.timestamp("us", "UTC"))),
        lambda table: _with(table, "occurred_at", pa.array([2**63 - 1] * len(table), pa.timestamp("us", "UTC"))),
        lambda table: table.append_column("further", pa.array([b"\xff"] * len(table))),
        lambda table: table.append_column("", pa.array(["x"] * len(table))),
        lambda table: table.append_column("a\0b", pa.array(["x"] * len(table))),
    ],
    ids=["far arrival", "endless time", "no text", "no name", "zero in a name"],
)
async def test_rows_that_no_engine_takes_hold_nobody_up(change: Callable[[pa.Table], pa.Table]) -> None:
    """The object is Parquet and has all columns, and yet the rows beside it must come through."""
    store = memory_lake(adverse_lake()[:3])
    key = "raw/dt=2026-01-01/hr=00/odd.parquet"
    pq.write_table(change(read_parquet(adverse_lake()[3].body)), sink := io.BytesIO())
    store.objects[key] = sink.getvalue()
    done = await run(store)
    assert (done.objects, list(done.unreadable)) == (3, [key])


def test_of_objects_that_do_not_go_together_each_is_taken_by_itself() -> None:
    """Whatever it is that we did not foresee; a want of memory is no fault of theirs."""
    bodies = {each.key: each.body for each in adverse_lake()[:4]}
    bad = raw_table(bodies[list(bodies)[1]]).select(PLACE).to_pylist()[0]

    class Picky(Transformation):
        error: Exception = duckdb.ConversionException("no")

        def vault(self, raw: pa.Table, commit_number: int) -> pa.Table:
            if bad in raw.select(PLACE).to_pylist():
                raise self.error
            return super().vault(raw, commit_number)

    with Picky.open() as transformation:
        made = commit_rows(bodies, 1, transformation)
        assert list(made.unreadable) == [list(bodies)[1]]
        assert [each.key for each in made.raw] == [key for key in bodies if key not in made.unreadable]
        assert sum(each.rows for each in made.data) == sum(each.rows for each in made.raw)
        Picky.error = duckdb.OutOfMemoryException("no")
        with pytest.raises(duckdb.OutOfMemoryException):
            commit_rows(bodies, 1, transformation)


def _with(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def test_a_batch_is_bounded_and_takes_one_object_at_least() -> None:
    entries = [(f"raw/{number}", 10) for number in range(5)]

    objects = [ObjectEntry(*entry) for entry in entries]
    assert len(batch_of(objects, CommitLimits(objects=3))) == 3
    assert len(batch_of(objects, CommitLimits(bytes=25))) == 2
    assert len(batch_of(objects, CommitLimits(bytes=1))) == 1
    assert batch_of([], CommitLimits()) == []


@pytest.mark.parametrize("fault", ["answer lost", "killed behind"])
@pytest.mark.parametrize("at", WRITES)
async def test_each_position_is_there_once_whatever_write_fails(fault: Fault, at: int) -> None:
    store = memory_lake(adverse_lake()[:5], faults={at: fault})
    with suppress(KilledError):
        assert (await run(store)).objects == 5, "also where the answer to a commit was lost"
    await run(store)
    assert store.writes >= 6, "two commits, each with a file, a file of the vault, and itself"
    await assert_once(store)


async def test_names_are_in_the_vault_alone() -> None:
    person = {"reference": "MARKED", "first_name": "MARKED", "last_name": "MARKED", "street": "MARKED"}
    where = {"date_of_birth": "1977-07-07", "postal_code": "777MARKED", "latitude": 77.7777, "longitude": -77.7777}
    bodies = [{**body, "customer": {**(body["customer"] or {}), **person, **where}} for body in made_bodies(5)]
    store = memory_lake(tuple(lake_of(bodies)))
    await run(store)
    rows = await rows_of(store)
    table = [repr(rows), *(str(body) for key, body in store.objects.items() if key.startswith(COMMITS_PREFIX))]
    assert not [mark for mark in ("MARKED", "1977-07-07", "77.7777") for text in table if mark in text]
    assert {(row["birth_year"], row["postal_area"]) for row in rows} == {(1977, "777")}
    assert {(row["street"], row["date_of_birth"]) for row in await vault_of(store)} == {("MARKED", "1977-07-07")}


async def test_an_outage_ends_the_run_and_the_next_one_goes_on() -> None:

    store = memory_lake(adverse_lake(), faults=dict.fromkeys(range(3, 30), "answer lost"))
    with pytest.raises(ClientError):
        await run(store)
    store.faults = {}
    await run(store)
    await assert_once(store)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_curators_and_compactors_at_once_under_faults(seed: int) -> None:
    rng = random.Random(seed)
    kinds: list[Fault] = ["refused", "answer lost", "killed before", "killed behind"]
    faults = {rng.randrange(30): rng.choice(kinds) for _ in range(6)}
    objects = list(adverse_lake())
    store = memory_lake(tuple(objects[3:]), faults=faults, rng=rng)

    async def process() -> None:
        with suppress(KilledError):
            table = table_in(store)
            await curate(store, table, CommitLimits(objects=rng.randrange(2, 5)), at_once)
            await compact(table)
            await table.clear()

    await asyncio.gather(*(process() for _ in range(3)))
    store.objects |= {each.key: each.body for each in objects[:3]}
    await asyncio.gather(process(), process())
    store.faults = {}
    await process()
    await assert_once(store)
    people = {(row["account"], row["customer_id"], row["first_name"]) for row in await vault_of(store)}
    assert people == named_in(objects)


def named_in(objects: list[LakeObject]) -> set[tuple[str, str, str]]:
    """Account, id and first name of everybody in a raw lake of whom the vault has to hold something."""
    columns = ["account", "customer_id", "customer_first_name"]
    rows = (row for each in objects for row in read_parquet(each.body, columns).select(columns).to_pylist())
    return {tuple(row.values()) for row in rows if row["customer_first_name"] is not None}


async def test_what_no_commit_names_is_cleared_once_its_number_is_taken() -> None:
    store = memory_lake(adverse_lake()[:4], faults={1: "killed behind"})
    with pytest.raises(KilledError):
        await run(store)
    left = {key for key in store.objects if key.startswith((DATA_PREFIX, VAULT_PREFIX))}
    assert len(left) == 2, "the files of an attempt that never committed"
    assert await table_in(store).clear() == 0, "its commit may still be under way"
    await run(store)
    assert not left & store.objects.keys()
    named = (await table_in(store).snapshot()).files.keys() | (await table_in(store).snapshot()).vault.keys()
    assert {key for key in store.objects if key.startswith((DATA_PREFIX, VAULT_PREFIX))} == named


async def test_the_loser_of_a_number_takes_what_is_left() -> None:
    store = memory_lake(adverse_lake()[:6])
    first, second = table_in(store), table_in(store)
    await asyncio.gather(curate(store, first, FOUR, at_once), curate(store, second, FOUR, at_once))
    await assert_once(store)
    assert len([key for key in store.objects if key.startswith(COMMITS_PREFIX)]) == 2
