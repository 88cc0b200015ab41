"""How much a build has to make, and what a PostgreSQL address says to dbt."""

import pytest

from txn_core.exceptions import SettingsError
from warehouse.dbt.models_digest import models_digest
from warehouse.run.building import Extent, extent_of
from warehouse.run.postgres_target import postgres_environment
from warehouse.run.targets import Built


@pytest.mark.parametrize(
    ("built", "extent"),
    [
        (Built(), "full"),
        (Built(3, 3, models_digest()), "nothing"),
        (Built(4, 3, models_digest()), "partial"),
        (Built(3, 3, "other models"), "full"),
        (Built(3, 3, models_digest(), follows=False), "full"),
        (Built(3), "full"),
        (Built(0, 0, models_digest()), "nothing"),
        (Built(1, 0, models_digest()), "full"),
    ],
)
def test_a_build_makes_as_much_as_is_needed(built: Built, extent: Extent) -> None:
    """Everything where no build was completed, by other models, of a landing that was empty or was made again."""
    assert extent_of(built, full=False) == extent
    assert extent_of(built, full=True) == "full"


def test_an_address_is_taken_apart() -> None:
    found = postgres_environment("postgresql://us%40er:p%2Fw@db.example:6432/ware%20house?sslmode=require")
    assert found == {
        "WAREHOUSE_POSTGRES_HOST": "db.example",
        "WAREHOUSE_POSTGRES_PORT": "6432",
        "WAREHOUSE_POSTGRES_USER": "us@er",
        "DBT_ENV_SECRET_WAREHOUSE_POSTGRES_PASSWORD": "p/w",
        "WAREHOUSE_POSTGRES_DATABASE": "ware house",
        "WAREHOUSE_POSTGRES_SSLMODE": "require",
    }
    assert postgres_environment("postgresql:///txn?host=/run/pg&user=u")["WAREHOUSE_POSTGRES_HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["postgresql://host", "postgresql:///database", "a-secret"])
def test_an_address_that_names_too_little_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        postgres_environment(url)
    assert "a-secret" not in str(caught.value)
