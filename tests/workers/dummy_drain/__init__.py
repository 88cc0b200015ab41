"""A third drain: this folder, and the line that registers it."""

from txn_core import drains
from txn_core.drains import DrainDefinition
from txn_core.dynamodb.table_shapes import TableShape

DUMMY = DrainDefinition(
    "dummy",
    "tests.workers.dummy_drain.drain:open_dummy",
    tables=(TableShape("dummy-rows", {"position": "HASH"}),),
    evidence="tests.workers.dummy_drain.evidence:open_evidence",
)


def register() -> None:
    """The registry line, for a process of its own; a test sets the item and has it taken back."""
    drains.REGISTRY[DUMMY.name] = DUMMY
