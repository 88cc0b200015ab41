"""A query to PostgreSQL reads what its login may, and the twelve answers are those of DuckDB."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from devkit.postgres_server import PostgresServer
from typer.testing import CliRunner

from tests.warehouse.questions.oracle import Oracle
from tests.warehouse.questions.star_schema import facts, statements
from txn_cli.main import app_of
from warehouse.postgres.roles import grant_roles
from warehouse.postgres.session import PostgresSession
from warehouse.questions.catalogue import question_of, questions
from warehouse.sql.bounds import Bounds
from warehouse.sql.exports import write_parquet
from warehouse.sql.postgres_reader import PostgresReader, open_postgres
from warehouse.sql.query_errors import QueryError
from warehouse.sql.query_result import Row
from warehouse.sql.reader_roles import Role

BOUNDS = Bounds("200MB", 2, 30.0)
LATER = "query_to_xml('select * from landing.positions', true, true, '')"
REFUSED = {
    "select * from star.dim_customer": r"star.dim_customer is for stewards \(--role steward\): ask star.customer",
    "select * from landing.positions": "the role analyst does not see that",
    f"select set_config('role', 'txn', false), {LATER}": "the role analyst does not see that",
    f"select set_config('session_authorization', 'txn', false), {LATER}": "the role analyst does not see that",
    "do $$ begin reset role; perform * from landing.positions; end $$": "the role analyst does not see that",
    "select pg_read_file('/etc/passwd')": "the role analyst does not see that",
    "select lo_import('/etc/passwd')": "PostgreSQL refuses: |the role analyst",
    "copy (select 1) to '/tmp/out.csv'": "the role analyst does not see that",
    "copy (select 1) to program 'true'": "the role analyst does not see that",
    "select 1) to program 'true' --": "PostgreSQL refuses: syntax error",
    "insert into star.dim_date (date_key) values (1)": "the role analyst|read-only",
    "create table star.t (a int)": "the role analyst|read-only",
    "create temp table t (a int)": "PostgreSQL refuses: .*read-only",
    "select 1; select 2": "PostgreSQL refuses: cannot insert multiple commands",
    "set role txn": "the role analyst does not see that",
    "set statement_timeout = 0": "one SELECT at a time",
    "select nothing from star.dim_date": 'PostgreSQL refuses: column "nothing" does not exist',
    "select 1/0": "PostgreSQL refuses: division by zero",
}


@dataclass(frozen=True)
class Logins:
    """Addresses of one database, by who logs in."""

    owner: str
    analyst: str
    steward: str
    nobody: str


@pytest.fixture(scope="module")
def logins(postgres_server: PostgresServer) -> Iterator[Logins]:
    owner, password = postgres_server.new_database(), secrets.token_hex(8)
    of = {name: f"t_{name}_{secrets.token_hex(4)}" for name in ("analyst", "steward", "nobody")}
    with PostgresSession.open(owner) as session:
        for statement in statements(facts(200, 1)):
            session.execute(statement)
        session.execute("create table star.dim_customer as select 'k' as customer_key, 'astronaut' as job")
        session.execute("create schema landing")
        session.execute("create table landing.positions as select 'secret' as account")
        grant_roles(session)
        for name, login in of.items():
            member = "" if name == "nobody" else f"in role txn_{name}"
            session.execute(f"create role {login} login password '{password}' {member}")
        whole, _, place = owner.partition("@")
        begin = whole.partition("://")[0]
        yield Logins(owner, *(f"{begin}://{login}:{password}@{place}" for login in of.values()))
        for login in of.values():
            session.execute(f"drop role {login}")


@pytest.fixture(scope="module")
def analyst(logins: Logins) -> Iterator[PostgresReader]:
    with open_postgres(logins.analyst, Role.ANALYST, BOUNDS) as reader:
        yield reader


def rows(reader: PostgresReader, sql: str) -> list[Row]:
    return list(reader.answer(sql).rows)


def test_all_answers_are_those_of_plain_python(analyst: PostgresReader) -> None:
    """The oracle's are DuckDB's, too (test_questions.py)."""
    oracle = Oracle.of(lambda sql: rows(analyst, sql))
    differing = [each.name for each in questions() if rows(analyst, each.sql) != oracle.answer(each.name)]
    assert differing == []


def test_a_plain_division_in_the_first_question_gives_another_answer(analyst: PostgresReader) -> None:
    sql = question_of("q01").sql
    plain = sql.replace("1.0 * x.net_minor / nullif(x.transactions, 0)", "x.net_minor / nullif(x.transactions, 0)")
    assert plain != sql
    assert rows(analyst, plain) != rows(analyst, sql)


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_what_is_no_query_of_an_analyst_is_refused_in_one_line(analyst: PostgresReader, sql: str) -> None:
    with pytest.raises(QueryError, match=REFUSED[sql]) as caught:
        rows(analyst, sql)
    assert "\n" not in str(caught.value)
    assert rows(analyst, "select count(*) from star.fact_transactions") == [(200,)]


def test_a_steward_sees_customers_whole(logins: Logins) -> None:
    with open_postgres(logins.steward, Role.STEWARD, BOUNDS) as reader:
        assert rows(reader, "select job from star.dim_customer") == [("astronaut",)]
        with pytest.raises(QueryError, match="the role steward does not see that"):
            rows(reader, "select * from landing.positions")


@pytest.mark.parametrize(
    ("login", "role", "said"),
    [
        ("owner", Role.ANALYST, "may do more than txn_analyst"),
        ("owner", Role.STEWARD, "may do more than txn_steward"),
        ("steward", Role.ANALYST, "may do more than txn_analyst"),
        ("analyst", Role.STEWARD, "no member of txn_steward"),
        ("nobody", Role.ANALYST, "no member of txn_analyst"),
    ],
)
def test_a_login_that_may_do_more_or_less_is_refused(logins: Logins, login: str, role: Role, said: str) -> None:
    with pytest.raises(QueryError, match=said), open_postgres(getattr(logins, login), role, BOUNDS):
        pass


def test_a_wrong_password_is_said_without_the_address(logins: Logins) -> None:
    wrong = logins.analyst.replace("@", "wrong@")
    with pytest.raises(QueryError) as caught, open_postgres(wrong, Role.ANALYST, BOUNDS):
        pass
    assert str(caught.value) == "no connection to PostgreSQL: see TXN_WAREHOUSE_POSTGRES_URL"


def test_a_query_that_does_not_end_is_ended(logins: Logins) -> None:
    with (
        open_postgres(logins.analyst, Role.ANALYST, Bounds("200MB", 2, 0.3)) as reader,
        pytest.raises(QueryError, match=r"the query took more than 0.3 s"),
    ):
        rows(reader, "select pg_sleep(60)")


def test_decimals_are_decimals_in_parquet(analyst: PostgresReader, tmp_path: Path) -> None:
    answer = analyst.answer("select cast(a as decimal(20, 3)) as a from (values (1.5), (null)) as t (a)")
    assert str(answer.schema.field("a").type) == "decimal128(38, 3)"
    assert write_parquet(answer, tmp_path / "a.parquet") == 2


def test_txn_sql_asks_the_postgresql_of_the_setting(logins: Logins, own_environment: pytest.MonkeyPatch) -> None:
    asked = ["sql", "q09", "--target", "postgres"]
    assert "TXN_WAREHOUSE_POSTGRES_URL is not set" in str(CliRunner().invoke(app_of("sql"), asked).exception)
    own_environment.setenv("TXN_WAREHOUSE_POSTGRES_URL", logins.analyst)
    result = CliRunner().invoke(app_of("sql"), asked)
    assert (result.exit_code, "2024-12-01  USD" in result.stdout) == (0, True)
