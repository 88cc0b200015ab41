"""The tables as DynamoDB's CreateTable wants them, and their names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.type_defs import CreateTableInputTypeDef

BY_CARD: Final = "by_card"
BY_MERCHANT: Final = "by_merchant"
INDEX_KIND: Final = "index"
WORKER_KINDS: Final = (INDEX_KIND, "archive")
FIRST_GENERATION: Final = 1
EXPIRES_AT: Final = "expires_at"  # seconds since 1970, as DynamoDB's TTL wants them


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names of the tables under one prefix.

    The tables of the index exist once a generation: a further one is built beside the one that is served.
    """

    prefix: str
    generation: int = FIRST_GENERATION

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The tables that a process works with."""
        return cls(settings.table_prefix, settings.index_generation)

    @property
    def transactions(self) -> str:
        """Transactions by `account#transaction_id`."""
        return self._of_index("transactions")

    @property
    def merchants(self) -> str:
        """Merchant names by account."""
        return self._of_index("merchants")

    @property
    def cards(self) -> str:
        """The other ids of a card, by account and id."""
        return self._of_index("cards")

    @property
    def api_keys(self) -> str:
        """Hashes of API keys."""
        return f"{self.prefix}-api-keys"

    @property
    def idempotency(self) -> str:
        """First answers by idempotency key, signatures that were used, and cards of masks that have many."""
        return f"{self.prefix}-idempotency"

    def leases(self, worker: str) -> str:
        """Leases and checkpoints of one kind of worker."""
        return self._of_worker(worker, "leases")

    def ledger(self, worker: str) -> str:
        """What one kind of worker has made durable, by shard and minute."""
        return self._of_worker(worker, "ledger")

    @property
    def lake_progress(self) -> str:
        """How far the lake is read into this generation of the index."""
        return self._of_index("lake-progress")

    @property
    def expiring(self) -> frozenset[str]:
        """The tables whose rows say, in `EXPIRES_AT`, when nobody needs them any more."""
        return frozenset({self.idempotency, *map(self.ledger, WORKER_KINDS)})

    def _of_worker(self, worker: str, name: str) -> str:
        name = f"{worker}-{name}"
        return self._of_index(name) if worker == INDEX_KIND else f"{self.prefix}-{name}"

    def _of_index(self, name: str) -> str:
        suffix = "" if self.generation == FIRST_GENERATION else f"-g{self.generation}"
        return f"{self.prefix}-{name}{suffix}"


def definitions(names: TableNames) -> "list[CreateTableInputTypeDef]":
    """Every table that the system needs."""
    return [*index_definitions(names), *shared_definitions(names)]


def index_definitions(names: TableNames) -> "list[CreateTableInputTypeDef]":
    """The tables that each generation of the index has."""
    return [
        _table(
            names.transactions,
            {"id": "HASH"},
            indexes={BY_CARD: {"card": "HASH", "sort": "RANGE"}, BY_MERCHANT: {"merchant": "HASH", "sort": "RANGE"}},
        ),
        _table(names.merchants, {"account": "HASH", "name": "RANGE"}),
        _table(names.cards, {"card": "HASH"}),
        *_worker_tables(names, INDEX_KIND),
    ]


def shared_definitions(names: TableNames) -> "list[CreateTableInputTypeDef]":
    """The tables that are there once, whatever generation of the index is served."""
    return [
        _table(names.api_keys, {"key_id": "HASH"}),
        _table(names.idempotency, {"id": "HASH"}),
        *(table for kind in WORKER_KINDS if kind != INDEX_KIND for table in _worker_tables(names, kind)),
    ]


def lake_progress_definition(names: TableNames) -> "CreateTableInputTypeDef":
    """The table that a generation has besides when it is built from the lake."""
    return _table(names.lake_progress, {"part": "HASH"})


def _worker_tables(names: TableNames, kind: str) -> "list[CreateTableInputTypeDef]":
    return [
        _table(names.leases(kind), {"leaseKey": "HASH"}),
        _table(names.ledger(kind), {"shard": "HASH", "part": "RANGE"}),
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
