"""A database that has the warehouse's tables, for tests that bring rows in.

A new database costs a quarter of a second of CPU time: PostgreSQL writes 300 files for each.
"""

from collections.abc import Iterator
from typing import Final

import pytest
from devkit.postgres_server import PostgresServer

from warehouse.landing.postgres_landing import PostgresLanding
from warehouse.oltp.oltp_database import OltpDatabase
from warehouse.postgres.session import PostgresSession

EMPTIES: Final = """do $$ declare table_name text; begin
    for table_name in select format('%I.%I', schemaname, tablename) from pg_tables
        where schemaname in ('landing', 'oltp', 'vault')
    loop execute 'delete from ' || table_name; end loop;
end $$"""


@pytest.fixture(scope="session")
def landed(postgres_server: PostgresServer) -> Iterator[tuple[str, PostgresSession]]:
    """The address of a database with all tables, and a session that heeds no foreign keys."""
    url = postgres_server.new_database()
    PostgresLanding(url).open()
    OltpDatabase(url).open()
    with PostgresSession.open(url) as session:
        session.execute("set session_replication_role = replica")
        yield url, session


@pytest.fixture
def empty_tables_url(landed: tuple[str, PostgresSession]) -> str:
    """The address of a database whose tables are there and empty; a test that changes them needs `postgres_url`."""
    url, session = landed
    session.execute(EMPTIES)
    return url


@pytest.fixture
def looking(landed: tuple[str, PostgresSession]) -> PostgresSession:
    """A session that looks at the tables of `empty_tables_url`; a connection of its own costs each test 40 ms."""
    return landed[1]
