"""The tables as they are made."""

import pytest

from txn_core import drains
from txn_core.dynamodb.tables import TableNames, definitions

NAMES = TableNames("txn")


@pytest.mark.usefixtures("two_drains")
def test_tables_are_called_as_the_design_says() -> None:
    """Operators find the tables under these names."""
    assert {definition["TableName"] for definition in definitions(NAMES)} == {
        *("txn-transactions", "txn-merchants", "txn-cards", "txn-api-keys", "txn-idempotency"),
        *("txn-scores", "txn-score-counts", "txn-alerts", "txn-cases", "txn-labels"),
        *(f"txn-{kind}-leases" for kind in drains.names()),
        *(f"txn-{kind}-ledger" for kind in drains.names()),
    }


def test_every_key_attribute_is_declared_and_no_other() -> None:
    """DynamoDB refuses a definition whose attributes are not exactly those of its keys."""
    for definition in definitions(NAMES):
        keys = [*definition["KeySchema"]]
        for index in definition.get("GlobalSecondaryIndexes", []):
            keys += index["KeySchema"]
        declared = {attribute["AttributeName"] for attribute in definition.get("AttributeDefinitions", [])}
        assert declared == {key["AttributeName"] for key in keys}


def test_leases_are_keyed_as_kcl_has_them() -> None:
    """The Kinesis Client Library's field layout: hash key `leaseKey`."""
    by_name = {definition["TableName"]: definition for definition in definitions(NAMES)}
    for kind in drains.names():
        assert by_name[NAMES.leases(kind)]["KeySchema"] == [{"AttributeName": "leaseKey", "KeyType": "HASH"}]
