"""Every landing brings in each commit once, whatever order, batches, neighbours and repetitions there are."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from tests.warehouse.landing.commits import (
    adverse_commits,
    batch_of,
    expected_ledger,
    expected_rows,
    made_commit,
    sorted_rows,
)
from tests.warehouse.landing.landings import (
    LEDGER,
    POSITIONS,
    SEEDS,
    InMemory,
    LandingUnderTest,
    OnDuckDb,
    OnFiles,
    OnPostgres,
    OnRedshift,
    ledger_of,
)
from txn_core.exceptions import WarehouseError
from warehouse.landing.landing_port import Landing, Loaded


@pytest.fixture(params=["memory", "duckdb", "postgres", "redshift", "files"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> LandingUnderTest:
    if request.param == "duckdb":
        return OnDuckDb(tmp_path / "warehouse/work/landing.duckdb")
    if request.param == "postgres":
        return OnPostgres(request.getfixturevalue("empty_tables_url"), request.getfixturevalue("looking"))
    if request.param == "redshift":
        door = request.getfixturevalue("redshift")
        return OnRedshift(door.url(door.new_database()), request.getfixturevalue("lake_bucket"))
    if request.param == "files":
        return OnFiles(tmp_path / "warehouse/spark")
    return InMemory()


@pytest.fixture
def landing(place: LandingUnderTest) -> Iterator[Landing]:
    landing = place.landing().open()
    yield landing
    landing.close()


def assert_holds_all(place: LandingUnderTest) -> None:
    """All commits, each row once, as it came but for the number of its load; and the ledger says so."""
    found = place.rows(POSITIONS)
    assert sorted_rows(row[:-1] for row in found) == expected_rows(adverse_commits())
    ledger = place.rows(LEDGER)
    assert ledger_of(ledger) == expected_ledger(adverse_commits())
    load_of = {str(name): load_id for name, load_id, *_ in ledger}
    names = {each.append.number: each.append.name for each in adverse_commits()}
    assert all(row[-1] == load_of[names[int(str(row[0]))]] for row in found)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_order_and_any_batches_bring_in_everything_once(
    place: LandingUnderTest, landing: Landing, seed: int
) -> None:
    """Batches overlap, and their files hold rows of other commits, loaded and not."""
    rng, commits = random.Random(seed), list(adverse_commits())
    rng.shuffle(commits)
    names, loads = {*landing.loaded()}, 0
    while commits:
        batch = [commits.pop() for _ in range(min(len(commits), rng.randint(1, 5)))]
        again = rng.choice(adverse_commits())
        beside = [each for each in rng.sample(adverse_commits(), 2) if each not in batch and each is not again]
        loaded = landing.load(batch_of({each.append.number: each for each in (*batch, again)}.values(), *beside))
        loads += loaded.load_id is not None
        assert loaded.load_id in {None, loads}
        before, names = names, {*landing.loaded()}
        assert names == before | {*loaded.objects}
        assert {each.append.name for each in batch} <= names
        commits = [each for each in commits if each.append.name not in names]
    landing.close()
    assert_holds_all(place)


def test_what_is_in_comes_in_no_second_time(place: LandingUnderTest, landing: Landing) -> None:
    """An empty commit counts as any other."""
    whole = batch_of(adverse_commits())
    first = landing.load(whole)
    assert (first.load_id, first.rows) == (1, sum(each.append.rows for each in adverse_commits()))
    assert landing.load(whole) == Loaded()
    assert landing.load(replace(whole, appends=())) == Loaded()
    landing.close()
    again = place.landing().open()
    assert again.load(whole) == Loaded()
    again.close()
    assert_holds_all(place)


@pytest.mark.parametrize("fault", ["a row less", "a row twice", "no file", "a column of a later version"])
def test_files_that_do_not_hold_what_the_commits_say_bring_in_nothing(
    place: LandingUnderTest, landing: Landing, fault: str
) -> None:
    first, second, *_ = adverse_commits()
    rows = {
        "a row less": [first.rows, second.rows.slice(1)],
        "a row twice": [first.rows, second.rows, second.rows.slice(1, 1)],
        "no file": [first.rows],
        "a column of a later version": [first.rows, second.rows.append_column("later", second.rows["type"])],
    }[fault]
    with pytest.raises(WarehouseError):
        landing.load(replace(batch_of((first, second)), tables=lambda: iter(rows)))
    assert landing.loaded() == {}
    assert landing.load(batch_of((first, second))).rows == first.append.rows + second.append.rows
    landing.close()
    assert Counter(row[-1] for row in place.rows(POSITIONS)) == {1: first.append.rows + second.append.rows}


def test_a_commit_of_another_lake_is_none_that_is_in(place: LandingUnderTest, landing: Landing) -> None:
    """Its name is the same, its object is not. Nothing comes in, also of what is missing."""
    first, second, *_ = adverse_commits()
    landing.load(batch_of([first]))
    another = replace(first, append=replace(first.append, digest="f" * 64))
    with pytest.raises(WarehouseError, match="another lake"):
        landing.load(batch_of([another, second]))
    assert {*landing.loaded()} == {first.append.name}
    landing.close()


def test_loads_at_once_bring_in_each_commit_once(place: LandingUnderTest) -> None:
    """Here as threads of one process; as processes in `test_killed_loads.py`."""
    landing = place.landing().open()
    orders = [list(adverse_commits()), list(reversed(adverse_commits()))]

    def load_all(order: int) -> int:
        return sum(landing.load(batch_of(orders[order][at : at + 2])).rows for at in range(0, len(orders[order]), 2))

    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(load_all, range(2))) == sum(each.append.rows for each in adverse_commits())
    landing.close()
    assert_holds_all(place)


def test_a_column_that_older_files_lack_is_null(place: LandingUnderTest, landing: Landing) -> None:
    first = adverse_commits()[0]
    older = made_commit(1, first.rows.drop_columns(["terminal_id"]))
    landing.load(batch_of([older]))
    landing.close()
    (nulls,) = {row[POSITIONS.split(", ").index("terminal_id")] for row in place.rows(POSITIONS)}
    assert nulls is None


def test_text_of_every_kind_comes_back_as_it_was(place: LandingUnderTest, landing: Landing) -> None:
    first = adverse_commits()[0].rows.slice(0, 1)
    names = ["O'Hara; drop table x --", '"quoted"\\', "tab\tand\nline", "Zoë 商店 🛒", "", " "]
    rows = pa.concat_tables([_with(first, "merchant_name", name, sub) for sub, name in enumerate(names)])
    landing.load(batch_of([made_commit(1, rows)]))
    landing.close()
    column = POSITIONS.removeprefix("select ").split(", ").index("merchant_name")
    assert [row[column] for row in sorted_rows(place.rows(POSITIONS))] == names


def _with(row: pa.Table, column: str, value: str, sub: int) -> pa.Table:
    row = row.set_column(row.column_names.index(column), column, pa.array([value]))
    return row.set_column(3, "sub_sequence_number", pa.array([sub], pa.int64()))
