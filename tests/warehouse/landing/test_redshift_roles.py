"""Roles in Redshift: reading is tried at the door, which masks nothing but holds masks to Redshift's rules."""

from collections.abc import Iterator

import pytest
from devkit.redshift_door.local_redshift import LocalRedshift
from devkit.redshift_door.plain_client import PlainSession

from warehouse.landing.redshift_roles import MASKED, grant_redshift_roles
from warehouse.landing.redshift_session import RedshiftError
from warehouse.postgres.roles import ROLES

CUSTOMERS = (
    "customer_key varchar(64), birth_year bigint, job varchar(1024), city varchar(1024), postal_area varchar(1024), "
    "city_population bigint"
)
TABLES = {
    "star.fact_transactions": "net_minor bigint",
    "star.dim_customer": CUSTOMERS,
    "star.dim_customer_history": CUSTOMERS,
    "star.customer_segments": "age_band varchar(16)",
    "marts.kpi_day": "net_minor bigint",
    "landing.positions": "card_id varchar(64)",
    '"identity".card_identity': "card_id varchar(64)",
}


@pytest.fixture(scope="module")
def session(redshift: LocalRedshift) -> Iterator[PlainSession]:
    with PlainSession.open(redshift.url(redshift.new_database())) as session:
        for schema in sorted({name.partition(".")[0].strip('"') for name in TABLES}):
            session.execute(f'create schema "{schema}"')
        for name, columns in TABLES.items():
            session.execute(f"create table {name} ({columns})")
        for _ in range(2):  # what is there is no error, and nothing is done twice
            grant_redshift_roles(session)
        yield session


def readable(session: PlainSession, role: str) -> set[str]:
    """The tables that a role may read."""
    found = set()
    for name in TABLES:
        session.execute("begin")
        session.execute(f"set session authorization {role}")
        try:
            session.execute(f"select count(*) from {name}")
            found.add(name)
        except RedshiftError:
            pass
        session.execute("rollback")
    return found


def test_analysts_read_star_and_marts_but_for_the_customers_dimensions(session: PlainSession) -> None:
    assert readable(session, "txn_analyst") == {"star.fact_transactions", "star.customer_segments", "marts.kpi_day"}


def test_stewards_read_these_too_and_nothing_behind(session: PlainSession) -> None:
    assert readable(session, "txn_steward") == {name for name in TABLES if name.startswith(("star.", "marts."))}


def test_loaders_read_everything(session: PlainSession) -> None:
    assert readable(session, "txn_loader") == {*TABLES}


def test_what_singles_a_customer_out_is_masked_for_all_but_stewards_and_loaders(session: PlainSession) -> None:
    query = "select table_name, output_columns, grantee, policy_name from svv_attached_masking_policy"
    found = {(table, column, grantee): policy for table, column, grantee, policy in session.execute(query)}
    expected = {
        (table, column, grantee): f"txn_{'hidden' if grantee == 'public' else 'shown'}_{kind}"
        for table in ("dim_customer", "dim_customer_history")
        for column, kind in MASKED.items()
        for grantee in ("public", "txn_steward", "txn_loader")
    }
    assert found == expected


def test_a_table_that_is_made_again_gets_grants_and_masks_again(session: PlainSession) -> None:
    session.execute("drop table star.dim_customer")
    session.execute(f"create table star.dim_customer ({CUSTOMERS})")
    grant_redshift_roles(session)
    assert "star.dim_customer" in readable(session, "txn_steward")
    masked = "select count(*) from svv_attached_masking_policy where table_name = 'dim_customer'"
    assert session.execute(masked) == [(len(MASKED) * len(ROLES),)]
