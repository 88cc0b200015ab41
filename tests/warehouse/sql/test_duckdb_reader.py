"""A query over the published files reads what its role sees, and can do nothing else."""

import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from tests.warehouse.sql.conftest import publish
from warehouse.questions.catalogue import questions
from warehouse.sql import duckdb_reader
from warehouse.sql.asking import ask
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import DuckDbReader, open_duckdb
from warehouse.sql.query_errors import QueryError
from warehouse.sql.query_result import Row
from warehouse.sql.reader_roles import Role

BOUNDS = Bounds("100MB", 2, 30.0)
FILES = "neither files nor the network"
ONE = "one SELECT at a time"
REFUSED = {
    "select * from read_csv('/etc/passwd')": FILES,
    "select * from READ_TEXT('/etc/passwd')": FILES,
    "select * from read_blob('/etc/passwd')": FILES,
    "select * from read_json('/etc/passwd')": FILES,
    "select * from parquet_scan('/etc/passwd')": FILES,
    "select * from sniff_csv('/etc/passwd')": FILES,
    "select * from glob('/*')": FILES,
    "select (select count(*) from read_text('/etc/passwd'))": FILES,
    "with x as (select * from glob('/*')) select * from x": FILES,
    "select * from star.dim_date, lateral (select * from read_text('/etc/passwd'))": FILES,
    "select * from 'rows.parquet'": FILES,
    "select * from 'https://localhost/rows.csv'": FILES,
    "select * from query('select 1')": FILES,
    "select * from query_table('star.dim_date')": FILES,
    "select * from json_execute_serialized_sql(json_serialize_sql('select 1'))": FILES,
    "select * from enable_logging('QueryLog', storage = 'file', storage_path = 'log')": FILES,
    "select * from system.main.enable_logging()": FILES,
    "select * from duckdb_settings()": FILES,
    "select * from duckdb_secrets()": FILES,
    "select * from arrow_scan(1, 2, 3)": FILES,
    "select * from force_checkpoint()": FILES,
    "pragma database_list": ONE,
    "copy (select 1) to 'out.csv'": ONE,
    "copy star.dim_date from '/etc/passwd'": ONE,
    "attach 'other.duckdb'": ONE,
    "attach ':memory:' as other": ONE,
    "detach warehouse": ONE,
    "install httpfs": ONE,
    "load httpfs": ONE,
    "load '/tmp/x.so'": ONE,
    "set memory_limit = '10GB'": ONE,
    "reset memory_limit": ONE,
    "set variable x = 1": ONE,
    "export database 'out'": ONE,
    "import database 'out'": ONE,
    "create table t as select 1": ONE,
    "create view star.dim_date as select 1": ONE,
    "create secret (type s3)": ONE,
    "insert into star.dim_date values (1)": ONE,
    "drop view star.dim_date": ONE,
    "update star.dim_date set year = 1": ONE,
    "call enable_logging()": ONE,
    "begin": ONE,
    "prepare p as select 1": ONE,
    "explain analyze select 1": ONE,
    "pivot star.dim_date on weekday using count(*)": ONE,
    "select 1; select 2": ONE,
    "select 1; drop view star.dim_date": ONE,
    "": ONE,
    "-- nothing": ONE,
    "select write_log('x')": ONE,
    "select sleep_ms(1)": ONE,
    "select * from landing.positions": "no role reads landing",
    "select * from warehouse.landing.positions": "no role reads landing",
    "select * from Vault.customers": "no role reads vault",
    "select * from identity.card_identity": "no role reads identity",
    "select * from staging.stg_positions": "no role reads staging",
    "select * from oltp.customer": "no role reads oltp",
    "select * from warehouse.star.dim_date": "without a database",
    "select * from star.dim_customer": "star.dim_customer is for stewards .* star.customer_segments",
    'select * from "Star"."DIM_CUSTOMER_HISTORY"': "star.dim_customer_history is for stewards",
    "describe star.dim_customer": "star.dim_customer is for stewards",
    "select getenv('HOME')": "getenv does not exist",
    "select * from hidden": "hidden does not exist",
    "select nothing from star.dim_date": '"nothing" not found',
    "select from where": "no SQL that DuckDB reads",
    "select " + "+".join(["1"] * 50_000): "expression depth",
    "select cast('x' as integer)": "Could not convert",
    "select cast(i // 9000 || 'x' as integer) from range(10000) t(i)": "Could not convert",
}
ANSWERED = {
    "select 1;": [(1,)],
    "from range(2)": [(0,), (1,)],
    "values (1), (2)": [(1,), (2,)],
    "select count(*) from star.fact_transactions": [(200,)],
    "select sum(transactions) from marts.kpi_day": [(200,)],
    "select count(*) from information_schema.tables where table_schema = 'marts'": [(4,)],
    "select unnest([1, 2])": [(1,), (2,)],
    "select " + "(" * 1_000 + "1" + ")" * 1_000: [(1,)],
}


@pytest.fixture(scope="module")
def analyst(published: Path) -> Iterator[DuckDbReader]:
    with open_duckdb(published / "warehouse", Role.ANALYST, BOUNDS) as reader:
        yield reader


def rows(reader: DuckDbReader, sql: str) -> list[Row]:
    return list(reader.answer(sql).rows)


def refused(folder: Path, sql: str, bounds: Bounds = BOUNDS) -> str:
    """What is said when a query is refused, in one line."""
    with open_duckdb(folder / "warehouse", Role.ANALYST, bounds) as reader, pytest.raises(QueryError) as caught:
        rows(reader, sql)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_what_is_no_query_of_an_analyst_is_refused_in_one_line(
    analyst: DuckDbReader, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError, match=REFUSED[sql]) as caught:
        rows(analyst, sql)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert rows(analyst, "select count(*) from star.fact_transactions") == [(200,)]


@pytest.mark.parametrize("sql", ANSWERED, ids=lambda sql: sql[:60])
def test_a_query_is_answered(analyst: DuckDbReader, sql: str) -> None:
    assert rows(analyst, sql) == ANSWERED[sql]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "copy (select 1) to 'out.csv'",
        "attach 'other.duckdb'",
        "load '/tmp/x.so'",
        "set enable_external_access = true",
        "set memory_limit = '10GB'",
        "insert into warehouse.star.dim_date values (1)",
        "create table warehouse.star.t (a integer)",
        "select * from variable_of_ours",
    ],
)
def test_the_session_itself_refuses_what_the_rule_would_let_through(published: Path, statement: str) -> None:
    """DuckDB's own locks hold without our rule."""
    variable_of_ours = pa.table({"a": [1]})
    with open_duckdb(published / "warehouse", Role.ANALYST, BOUNDS) as reader, pytest.raises(duckdb.Error):
        reader._connection.execute(statement)
    assert variable_of_ours.num_rows == 1


def test_stewards_see_customers_whole_and_nothing_more(published: Path) -> None:
    with open_duckdb(published / "warehouse", Role.STEWARD, BOUNDS) as reader:
        assert rows(reader, "select job from star.dim_customer_history") == [("astronaut",)]
        assert rows(reader, "select count(*) from star.fact_transactions") == [(200,)]
        with pytest.raises(QueryError, match="no role reads landing"):
            rows(reader, "select * from landing.positions")


@pytest.mark.parametrize(
    "sql",
    [
        "with recursive x as (select 1 as a union all select a + 1 from x) select max(a) from x",
        "select count(*) from range(1000000) a, range(100000000) b",
        "select * from range(100000000000)",
    ],
)
def test_a_query_that_does_not_end_is_ended(published: Path, sql: str) -> None:
    assert refused(published, sql, Bounds("100MB", 2, 0.1)).startswith("the query took more than 0.1 s: ")


def test_who_asked_is_told_of_a_query_that_takes_no_interruption(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB looks for an interruption between calls of functions, and this call alone takes half a second."""
    monkeypatch.setattr(duckdb_reader, "GRACE_S", 0.01)
    told: list[str] = []
    sql = "select levenshtein(repeat('a', 20000), repeat('b', 20000))"
    with (
        open_duckdb(published / "warehouse", Role.ANALYST, Bounds("100MB", 2, 0.1), told.append) as reader,
        suppress(QueryError),
    ):
        rows(reader, sql)
    assert [text.split(":")[0] for text in told] == ["the query took more than 0.1 s"]


def test_one_clock_is_for_all_queries_of_a_session(published: Path) -> None:
    with open_duckdb(published / "warehouse", Role.ANALYST, Bounds("100MB", 2, 0.1)) as reader:
        for _ in range(2):
            with pytest.raises(QueryError, match=r"more than 0.1 s"):
                rows(reader, "select * from range(100000000000)")


@pytest.mark.parametrize(
    "sql",
    [
        "select * from range(1000000) a, range(1000000) b order by hash(a.range, b.range)",
        "select string_agg(i, '') from range(100000000) t(i)",
        pytest.param(
            "select generate_series(1, 1000000000)",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="the system does not bound memory here"),
        ),
    ],
)
def test_a_query_that_needs_too_much_memory_is_ended_and_spills_nothing(
    published: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    assert refused(published, sql).startswith("the query needs more than TXN_WAREHOUSE_MEMORY (100MB): ")
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_who_reads_keeps_the_answer_while_a_new_file_is_published(published: Path, tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    publish(file, "create schema star", "create table star.t as select 1 as a")
    with open_duckdb(tmp_path, Role.ANALYST, BOUNDS) as reader:
        publish(tmp_path / "new", "create schema star", "create table star.t as select 2 as a")
        (tmp_path / "new").replace(file)
        assert rows(reader, "select a from star.t") == [(1,)]
    with open_duckdb(tmp_path, Role.ANALYST, BOUNDS) as reader:
        assert rows(reader, "select a from star.t") == [(2,)]


def test_what_is_not_published_is_said_with_the_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(QueryError, match=r"there is no .*warehouse\.duckdb: `txn warehouse run`"),
        open_duckdb(tmp_path, Role.ANALYST, BOUNDS),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"garbage" * 1_000])
def test_a_damaged_file_is_said_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(content)
    with (
        pytest.raises(QueryError, match=r"cannot read .*`txn warehouse run --full`") as caught,
        open_duckdb(tmp_path, Role.ANALYST, BOUNDS),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_no_answer_to_a_question_tells_of_few_customers(analyst: DuckDbReader) -> None:
    for question in questions():
        answer, hidden = ask(analyst, question)
        counts = [answer.columns.index(column.name) for column in question.customers]
        shown = {row[place] for row in answer.rows for place in counts}
        assert shown.isdisjoint({1, 2, 3, 4})
        assert not hidden.rows or None in shown
