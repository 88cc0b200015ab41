"""The tables as DynamoDB's CreateTable wants them, and their names."""

from dataclasses import dataclass
from typing import Final, Self

from txn_core import drains
from txn_core.aws.types import CreateTableInputTypeDef
from txn_core.drains import INDEX, DrainDefinition
from txn_core.dynamodb.review import alerts, cases, labels, score_counts, scores
from txn_core.dynamodb.table_shapes import TableShape, create_request
from txn_core.settings import Settings

FIRST_GENERATION: Final = 1


@dataclass(frozen=True, slots=True)
class TableNames:
    """The names of the tables under one prefix.

    The tables of some drains, as of the index, exist once a generation: a further one is built beside the one that is
    served.
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
        return self.of_drain(INDEX.name, "transactions")

    @property
    def merchants(self) -> str:
        """Merchant names by account."""
        return self.of_drain(INDEX.name, "merchants")

    @property
    def cards(self) -> str:
        """The other ids of a card, by account and id."""
        return self.of_drain(INDEX.name, "cards")

    @property
    def api_keys(self) -> str:
        """Hashes of API keys."""
        return f"{self.prefix}-api-keys"

    @property
    def idempotency(self) -> str:
        """First answers by idempotency key, used signatures, cards of masks that have many, and shared looks."""
        return f"{self.prefix}-idempotency"

    @property
    def scores(self) -> str:
        """Scores of transactions."""
        return f"{self.prefix}-{scores.SHAPE.name}"

    @property
    def alerts(self) -> str:
        """Alerts by account and id."""
        return f"{self.prefix}-{alerts.SHAPE.name}"

    @property
    def cases(self) -> str:
        """Cases by account and id, and how many a card has had."""
        return f"{self.prefix}-{cases.SHAPE.name}"

    @property
    def labels(self) -> str:
        """What is known of transactions."""
        return f"{self.prefix}-{labels.SHAPE.name}"

    @property
    def score_counts(self) -> str:
        """Counts of scores and of what rules hit, and what scores now."""
        return f"{self.prefix}-{score_counts.SHAPE.name}"

    def leases(self, worker: str) -> str:
        """Leases and checkpoints of one kind of worker."""
        return self.of_drain(worker, f"{worker}-leases")

    def ledger(self, worker: str) -> str:
        """What one kind of worker has made durable, by shard and minute."""
        return self.of_drain(worker, f"{worker}-ledger")

    @property
    def lake_progress(self) -> str:
        """How far the lake is read into this generation of the index."""
        return self.of_drain(INDEX.name, "lake-progress")

    @property
    def expiring(self) -> frozenset[str]:
        """The tables whose rows say, in `EXPIRES_AT`, when nobody needs them any more."""
        return frozenset({self.idempotency, self.score_counts, *map(self.ledger, drains.names())})

    def of_drain(self, drain: str, name: str) -> str:
        """The full name of a drain's own table, by the name of its shape."""
        first = self.generation == FIRST_GENERATION or not drains.REGISTRY[drain].once_a_generation
        return f"{self.prefix}-{name}" if first else f"{self.prefix}-{name}-g{self.generation}"


def definitions(names: TableNames) -> list[CreateTableInputTypeDef]:
    """Every table that the system needs."""
    return [*index_definitions(names), *shared_definitions(names)]


def index_definitions(names: TableNames) -> list[CreateTableInputTypeDef]:
    """The tables that each generation of the index has."""
    return _of_drains(names, once_a_generation=True)


def shared_definitions(names: TableNames) -> list[CreateTableInputTypeDef]:
    """The tables that are there once, whatever generation of the index is served."""
    return [
        create_request(names.api_keys, TableShape("api-keys", {"key_id": "HASH"})),
        create_request(names.idempotency, TableShape("idempotency", {"id": "HASH"})),
        *(create_request(f"{names.prefix}-{shape.name}", shape) for shape in _REVIEW),
        *_of_drains(names, once_a_generation=False),
    ]


_REVIEW: Final = (scores.SHAPE, alerts.SHAPE, cases.SHAPE, labels.SHAPE, score_counts.SHAPE)
"""What the scorer writes and reviewers work with: no drain's own, since the API writes them as well."""


def lake_progress_definition(names: TableNames) -> CreateTableInputTypeDef:
    """The table that a generation has besides when it is built from the lake."""
    return create_request(names.lake_progress, TableShape("lake-progress", {"part": "HASH"}))


def _of_drains(names: TableNames, *, once_a_generation: bool) -> list[CreateTableInputTypeDef]:
    return [
        create_request(names.of_drain(drain.name, shape.name), shape)
        for drain in drains.REGISTRY.values()
        if drain.once_a_generation is once_a_generation
        for shape in _shapes(drain)
    ]


def _shapes(drain: DrainDefinition) -> tuple[TableShape, ...]:
    return (
        *drain.tables,
        TableShape(f"{drain.name}-leases", {"leaseKey": "HASH"}),
        TableShape(f"{drain.name}-ledger", {"shard": "HASH", "part": "RANGE"}),
    )
