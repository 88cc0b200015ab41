"""A folder with published files, as `txn warehouse run` leaves them."""

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.questions.star_schema import facts, statements

OF_STEWARDS = (
    "create schema star",
    "create table star.dim_customer as select 'k' as customer_key, 'cus_00' as customer_id, 'astronaut' as job",
    "create table star.dim_customer_history as select * from star.dim_customer",
)
# What nobody publishes: were it there, nobody could read it.
STRAYED = ("create schema landing", "create table landing.positions as select 'secret' as account")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory; the files lie in its folder `warehouse`."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "warehouse").mkdir()
    publish(folder / "warehouse" / "warehouse.duckdb", *statements(facts(200, 1)), *STRAYED)
    publish(folder / "warehouse" / "steward.duckdb", *OF_STEWARDS)
    return folder


def publish(file: Path, *made: str) -> None:
    """Make a file by some statements."""
    with duckdb.connect(file) as database:
        for statement in made:
            database.execute(statement)
