"""What PostgreSQL alone has: answers that are lost, locks that others hold, tables of an earlier version."""

import pytest

from tests.warehouse.landing.commits import adverse_commits, batch_of, expected_ledger
from tests.warehouse.landing.landings import LEDGER, OnPostgres, ledger_of
from tests.warehouse.postgres.cut_connections import Cut, commits_cut
from txn_cli.stack.postgres.cluster import url_of
from txn_core.exceptions import WarehouseBusyError, WarehouseError
from warehouse.landing.landing_port import Loaded
from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.postgres.session import ConnectionLostError, PostgresSession

BATCH = batch_of(adverse_commits()[:2])
ROWS = sum(append.rows for append in BATCH.appends)
NAMES = tuple(append.name for append in BATCH.appends)


@pytest.mark.parametrize("cut", ["before", "behind"])
@pytest.mark.parametrize("cuts", [1, 2])
def test_a_commit_whose_answer_is_lost_is_settled_by_the_ledger(
    empty_tables_url: str, looking: PostgresSession, cut: Cut, cuts: int
) -> None:
    """Whether it happened or not, the load says what it brought in, and each commit is in once."""
    with commits_cut(empty_tables_url, cut, cuts) as cutter:
        assert PostgresLanding(cutter.url).load(BATCH) == Loaded(1, NAMES, ROWS)
        assert cutter.seen == cuts
        assert PostgresLanding(cutter.url).load(BATCH) == Loaded()
    place = OnPostgres(empty_tables_url, looking)
    assert ledger_of(place.rows(LEDGER)) == expected_ledger(adverse_commits()[:2])
    assert place.rows("select count(*) from landing.positions") == [(ROWS,)]


def test_a_connection_that_is_lost_again_and_again_ends_the_load(empty_tables_url: str) -> None:
    with commits_cut(empty_tables_url, "before", 99) as cutter, pytest.raises(ConnectionLostError):
        PostgresLanding(cutter.url).load(BATCH)
    assert PostgresLanding(empty_tables_url).loaded() == {}


def test_a_lock_that_another_holds_is_waited_for_in_bounds(empty_tables_url: str) -> None:
    landing = PostgresLanding(empty_tables_url, wait_s=0.2)
    with PostgresSession.open(empty_tables_url) as other, other.transaction(wait_s=1):
        other.execute("lock table landing.lock in exclusive mode")
        with pytest.raises(WarehouseBusyError, match="another run"):
            landing.load(BATCH)
    assert landing.load(BATCH).rows == ROWS


def test_a_table_of_an_earlier_version_gets_the_columns_and_indexes_that_it_lacks(postgres_url: str) -> None:
    """Rows that are there have nulls in such columns; those that come go by names, not places."""
    landing, first, second = PostgresLanding(postgres_url).open(), *adverse_commits()[:2]
    landing.load(batch_of([first]))
    with PostgresSession.open(postgres_url) as session:
        session.execute("alter table landing.positions drop column category")
        for index in ("transaction", "card", "load", "arrival"):
            session.execute(f"drop index landing.positions_{index}")
        landing.open().load(batch_of([second]))
        found = dict(session.rows("select commit_number, count(category) from landing.positions group by 1"))
        ((indexes,),) = session.rows("select count(*) from pg_indexes where tablename = 'positions'")
    assert indexes == 4
    assert found == {1: 0, 2: second.rows.num_rows - second.rows["category"].null_count}


def test_a_character_that_postgresql_has_not_is_replaced(empty_tables_url: str, looking: PostgresSession) -> None:
    """Only a foreign producer can have sent it, and it must not hold up everything behind."""
    from dataclasses import replace

    import pyarrow as pa

    first = adverse_commits()[0]
    rows = first.rows.set_column(
        first.rows.column_names.index("job"), "job", pa.array(["a\0b"] * first.rows.num_rows)
    )
    PostgresLanding(empty_tables_url).load(replace(batch_of([first]), tables=lambda: iter([rows])))
    assert OnPostgres(empty_tables_url, looking).rows("select distinct job from landing.positions") == [("a\ufffdb",)]


@pytest.mark.parametrize("url", [url_of(1, "hidden-word"), "no address of hidden-word"])
def test_an_address_where_nobody_answers_is_not_repeated(url: str) -> None:
    with pytest.raises(WarehouseError, match="TXN_WAREHOUSE_POSTGRES_URL") as caught:
        PostgresLanding(url).open()
    assert "hidden-word" not in str(caught.value)
