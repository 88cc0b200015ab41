"""Redshift's address as the driver and as dbt want it."""

from urllib.parse import urlsplit

import pytest
from devkit.redshift_door.plain_client import MemoryBucket

from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from warehouse.run.redshift_target import RedshiftTarget, driver_keywords


def target_at(url: str | None) -> RedshiftTarget:
    return RedshiftTarget(Settings.model_validate({"warehouse_redshift_url": url}), MemoryBucket())


def test_an_address_becomes_the_drivers_keywords() -> None:
    found = driver_keywords(urlsplit("redshift://an%40alyst:p%2Fw@example.test/dev?iam=true&cluster_identifier=c1"))
    assert found == {
        "host": "example.test",
        "port": 5439,
        "database": "dev",
        "user": "an@alyst",
        "password": "p/w",
        "ssl": True,
        "iam": True,
        "cluster_identifier": "c1",
    }


def test_dbt_gets_the_same_and_the_password_as_a_secret() -> None:
    environment = target_at("redshift://ann:pw@example.test:5440/dev?sslmode=verify-full").environment
    assert environment == {
        "WAREHOUSE_REDSHIFT_HOST": "example.test",
        "WAREHOUSE_REDSHIFT_PORT": "5440",
        "WAREHOUSE_REDSHIFT_USER": "ann",
        "DBT_ENV_SECRET_WAREHOUSE_REDSHIFT_PASSWORD": "pw",
        "WAREHOUSE_REDSHIFT_DATABASE": "dev",
        "WAREHOUSE_REDSHIFT_SSLMODE": "verify-full",
    }
    assert target_at("redshift://a:b@localhost/d?ssl=false").environment["WAREHOUSE_REDSHIFT_SSLMODE"] == "disable"


@pytest.mark.parametrize("url", [None, "redshift://ann:secret@/dev", "redshift://ann:secret@example.test", "secret"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str | None) -> None:
    with pytest.raises(SettingsError, match="TXN_WAREHOUSE_REDSHIFT_URL") as caught:
        target_at(url)
    assert "secret" not in str(caught.value)
