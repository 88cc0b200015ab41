"""Arguments that name drains: the words are those of the registry, in help texts and refusals too."""

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from txn_core import drains
from txn_core.drains import ARCHIVE, INDEX, DrainDefinition

ALL: Final = "all"
BOTH: Final = "both"  # the two that there were first

if TYPE_CHECKING:
    OneDrain = str
    SomeDrains = str
else:
    OneDrain = StrEnum("OneDrain", [(name.upper(), name) for name in drains.names()])
    SomeDrains = StrEnum("SomeDrains", [(word.upper(), word) for word in (*drains.names(), BOTH, ALL)])


def chosen(word: str) -> tuple[DrainDefinition, ...]:
    """The drains that one of the words means."""
    if word == ALL:
        return tuple(drains.REGISTRY.values())
    return (INDEX, ARCHIVE) if word == BOTH else (drains.REGISTRY[word],)
