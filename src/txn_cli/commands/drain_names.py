"""Arguments that name drains: the words are those of the registry, in help texts and refusals too."""

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from txn_core import drains
from txn_core.drains import ARCHIVE, INDEX, DrainDefinition

ALL: Final = "all"
INGEST: Final = "ingest"  # the worker that is no drain
BOTH: Final = "both"  # the two that there were first

if TYPE_CHECKING:
    OneWorker = str
    SomeDrains = str
else:
    OneWorker = StrEnum("OneWorker", [(name.upper(), name) for name in (*drains.names(), INGEST)])
    SomeDrains = StrEnum("SomeDrains", [(word.upper(), word) for word in (*drains.names(), BOTH, ALL)])


def chosen(word: str) -> tuple[DrainDefinition, ...]:
    """The drains that one of the words means."""
    if word == ALL:
        return tuple(drains.REGISTRY.values())
    return (INDEX, ARCHIVE) if word == BOTH else (drains.REGISTRY[word],)
