"""The tables as DynamoDB's CreateTable wants them, and their names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import CreateTableInputTypeDef

BY_CARD: Final = "by_card"
BY_MERCHANT: Final = "by_merchant"
WORKER_KINDS: Final = ("index", "archive")


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names of the tables under one prefix."""

    prefix: str

    @property
    def transactions(self) -> str:
        """Transactions by `account#transaction_id`."""
        return f"{self.prefix}-transactions"

    @property
    def merchants(self) -> str:
        """Merchant names by account."""
        return f"{self.prefix}-merchants"

    @property
    def api_keys(self) -> str:
        """Hashes of API keys."""
        return f"{self.prefix}-api-keys"

    @property
    def idempotency(self) -> str:
        """First answers by idempotency key."""
        return f"{self.prefix}-idempotency"

    def leases(self, worker: str) -> str:
        """Leases and checkpoints of one kind of worker."""
        return f"{self.prefix}-{worker}-leases"

    def ledger(self, worker: str) -> str:
        """What one kind of worker has made durable, by shard and minute; TTL, where wanted, on `expires_at`."""
        return f"{self.prefix}-{worker}-ledger"


def definitions(names: TableNames) -> "list[CreateTableInputTypeDef]":
    """Every table that the system needs."""
    return [
        _table(
            names.transactions,
            {"id": "HASH"},
            indexes={BY_CARD: {"card": "HASH", "sort": "RANGE"}, BY_MERCHANT: {"merchant": "HASH", "sort": "RANGE"}},
        ),
        _table(names.merchants, {"account": "HASH", "name": "RANGE"}),
        _table(names.api_keys, {"key_id": "HASH"}),
        _table(names.idempotency, {"id": "HASH"}),
        *(_table(names.leases(kind), {"leaseKey": "HASH"}) for kind in WORKER_KINDS),
        *(_table(names.ledger(kind), {"shard": "HASH", "part": "RANGE"}) for kind in WORKER_KINDS),
    ]


def _table(
    name: str, key: dict[str, str], indexes: dict[str, dict[str, str]] | None = None
) -> "CreateTableInputTypeDef":
    attributes = sorted({*key, *(attribute for schema in (indexes or {}).values() for attribute in schema)})
    request: Any = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in attributes],
        "KeySchema": _key_schema(key),
    }
    if indexes:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _key_schema(schema), "Projection": {"ProjectionType": "ALL"}}
            for index, schema in indexes.items()
        ]
    definition: CreateTableInputTypeDef = request
    return definition


def _key_schema(key: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in key.items()]
