"""What a host hands to a drain that it opens, and how it finds the function that opens the drain."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, cast

from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient, KinesisClient
from txn_core.drains import DrainDefinition
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from workers.drain import Drain
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.leases.checkpointing import Checkpointer
from workers.leases.ledger_table import LedgerTable
from workers.leases.table import LeaseTable
from workers.metrics import WorkerMetrics
from workers.retries import UNLIMITED, Patience


@dataclass(frozen=True, slots=True)
class DrainContext:
    """The settings, clients and counts of one process that hosts a drain, and the stores that every drain has.

    `patience` says how long the drain waits for the stores; a host with a deadline hands in one that ends.
    """

    definition: DrainDefinition
    settings: Settings
    kinesis: KinesisClient
    dynamodb: DynamoDBClient
    store: ObjectStore
    seal: Seal
    metrics: WorkerMetrics
    patience: Patience = UNLIMITED

    @property
    def stream(self) -> str:
        """The name of the stream that the drain reads."""
        return self.definition.stream(self.settings)

    @property
    def names(self) -> TableNames:
        """The names of the tables that the process works with."""
        return TableNames.of(self.settings)

    @property
    def leases(self) -> LeaseTable:
        """The drain's rows, one a shard."""
        return LeaseTable(self.dynamodb, self.names.leases(self.definition.name))

    @property
    def checkpointer(self) -> Checkpointer:
        """The drain's ledgers."""
        return Checkpointer(LedgerTable(self.dynamodb, self.names.ledger(self.definition.name), self.patience))

    @property
    def dead_letters(self) -> DeadLetterBox:
        """Where the drain leaves its dead letters."""
        return DeadLetterBox(self.store, self.seal, self.definition.name, self.stream, self.metrics, self.patience)


OpenDrain = Callable[[DrainContext], Coroutine[Any, Any, Drain]]


def opener_of(definition: DrainDefinition) -> OpenDrain:
    """The function that opens a drain; its module is imported now, and no other drain's."""
    return cast("OpenDrain", resolve_name(definition.implementation))
