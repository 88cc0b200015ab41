"""The shape of one table, and the request of DynamoDB's CreateTable that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from txn_core.aws.types import CreateTableInputTypeDef

BY_CARD: Final = "by_card"
BY_MERCHANT: Final = "by_merchant"
BY_ORIGINAL: Final = "by_original"
EXPIRES_AT: Final = "expires_at"  # seconds since 1970, as DynamoDB's TTL wants them


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table by its name behind the prefix, its key, and its global secondary indexes with theirs.

    A key maps each attribute, all of which are texts, to `HASH` or `RANGE`. Few items have the keys of a `sparse`
    index, and only those are written to it.
    """

    name: str
    key: Mapping[str, str]
    indexes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sparse: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def create_request(name: str, shape: TableShape) -> CreateTableInputTypeDef:
    """The request that makes a table of this shape under its full name."""
    indexes = {**shape.indexes, **shape.sparse}
    keys = (shape.key, *indexes.values())
    request: Any = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in sorted({a for key in keys for a in key})
        ],
        "KeySchema": _key_schema(shape.key),
    }
    if indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _key_schema(key), "Projection": {"ProjectionType": "ALL"}}
            for index, key in indexes.items()
        ]
    return cast("CreateTableInputTypeDef", request)


def _key_schema(key: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in key.items()]
