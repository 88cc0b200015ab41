"""What each role may do, by trying: what is not granted is refused."""

from collections.abc import Iterator

import pytest
from devkit.postgres_server import PostgresServer

from txn_core.exceptions import WarehouseError
from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.oltp.oltp_database import OltpDatabase
from warehouse.postgres.roles import ANALYST, LOADER, STEWARD, grant_roles
from warehouse.postgres.session import PostgresSession

STAR = ("star.fact_transactions", "star.customer_segments", "marts.kpi_day")
STEWARDS = ("star.dim_customer", "star.dim_customer_history", 'star."dim_customer__dbt_backup"')
CLOSED = (
    *("landing.positions", "landing.objects", "vault.customer", "oltp.customer", "oltp.address", "oltp.transaction"),
    *("staging.stg_positions", "identity.card_identity"),
)


@pytest.fixture(scope="module")
def built(postgres_server: PostgresServer) -> str:
    """A database as a build leaves it, with everything that the warehouse has."""
    postgres_url = postgres_server.new_database()
    PostgresLanding(postgres_url).open()
    OltpDatabase(postgres_url).open()
    with PostgresSession.open(postgres_url) as session:
        for schema in ("star", "marts", "staging", "identity"):
            session.execute(f"create schema {schema}")
        for table in (*STAR, *STEWARDS, "identity.card_identity"):
            session.execute(f"create table {table} (a bigint)")
        session.execute("create view staging.stg_positions as select * from landing.positions")
    return postgres_url


@pytest.fixture
def session(built: str) -> Iterator[PostgresSession]:
    """A session behind a grant; what a test does beside is undone by the next one's grant."""
    with PostgresSession.open(built) as session:
        grant_roles(session)
        yield session


def may(session: PostgresSession, role: str, statement: str) -> bool:
    """Whether a role may do something, which is undone."""
    session.execute("begin")
    session.execute(f"set local role {role}")
    try:
        session.execute(statement)
    except WarehouseError as error:
        assert "42501" in str(error), "insufficient_privilege, and nothing else"  # noqa: PT017 - both outcomes are answers
        return False
    else:
        return True
    finally:
        session.execute("rollback")


@pytest.mark.parametrize(
    ("role", "open_to", "closed_to"),
    [
        (ANALYST, STAR, (*STEWARDS, *CLOSED)),
        (STEWARD, (*STAR, *STEWARDS), CLOSED),
        (LOADER, (*STAR, *STEWARDS, *CLOSED), ()),
    ],
)
def test_a_role_reads_what_is_its_own(
    session: PostgresSession, role: str, open_to: tuple[str, ...], closed_to: tuple[str, ...]
) -> None:
    assert [table for table in open_to if not may(session, role, f"select count(*) from {table}")] == []
    assert [table for table in closed_to if may(session, role, f"select count(*) from {table}")] == []


@pytest.mark.parametrize("role", [ANALYST, STEWARD])
def test_readers_change_nothing(session: PostgresSession, role: str) -> None:
    for statement in (
        "insert into star.fact_transactions values (1)",
        "delete from marts.kpi_day",
        "drop table marts.kpi_day",
        "create table star.mine (a bigint)",
        "create table public.mine (a bigint)",
        "create schema mine",
        "copy star.fact_transactions to '/dev/null'",
        "copy (select 1) to program 'true'",
    ):
        assert not may(session, role, statement), statement


def test_a_steward_hands_nothing_on(session: PostgresSession) -> None:
    """PostgreSQL warns of a grant by somebody who may not grant, and grants nothing."""
    session.execute(f"set role {STEWARD}")
    session.execute("set default_transaction_read_only = off")
    session.execute(f"grant select on star.dim_customer to {ANALYST}")
    session.execute("reset role")
    assert not may(session, ANALYST, "select count(*) from star.dim_customer")


def test_the_loader_makes_and_fills(session: PostgresSession) -> None:
    assert may(session, LOADER, "insert into landing.objects values ('o', 1, 0, 'd', now())")
    assert may(session, LOADER, "create table star.more (a bigint)")
    assert may(session, LOADER, "create schema further")


def test_a_table_that_is_made_again_is_closed_until_the_next_grant(session: PostgresSession) -> None:
    session.execute("drop table star.fact_transactions")
    session.execute("create table star.fact_transactions (a bigint)")
    assert not may(session, ANALYST, "select count(*) from star.fact_transactions")
    grant_roles(session)
    assert may(session, ANALYST, "select count(*) from star.fact_transactions")


def test_a_grant_that_somebody_added_by_hand_is_taken_back(session: PostgresSession) -> None:
    session.execute(f"grant select on star.dim_customer to {ANALYST}")
    session.execute(f"grant usage on schema vault to {ANALYST}")
    session.execute("grant select on all tables in schema vault to public")
    grant_roles(session)
    assert not may(session, ANALYST, "select count(*) from star.dim_customer")
    assert not may(session, ANALYST, "select count(*) from vault.customer")


def test_a_database_without_tables_takes_the_roles(postgres_url: str) -> None:
    with PostgresSession.open(postgres_url) as session:
        grant_roles(session)
        found = session.rows("select count(*) from pg_roles where rolname like 'txn\\_%' and not rolcanlogin")
    assert found == [(3,)]
