"""What the lake holds, by the names of its objects: enough to tell whether a run of the warehouse has work to do.

Names are listed, and nothing is read. So a look costs a call for a thousand objects, and a lake in which nothing is
new starts no run and no dbt.
"""

from dataclasses import dataclass, field

from txn_core.aws.objects import ObjectStore
from txn_core.lake.layout import RAW_PREFIX
from warehouse.curated.table import COMMITS_PREFIX


@dataclass(frozen=True, slots=True)
class LakeLook:
    """The keys of the raw objects, and the key of the newest commit of the curated table, empty without one."""

    raw: frozenset[str] = field(default=frozenset(), repr=False)
    newest_commit: str = ""

    @classmethod
    async def at(cls, store: ObjectStore, before: "LakeLook") -> "LakeLook":
        """The lake now; commits are listed from those of an earlier look on."""
        raw = frozenset([key async for key in store.keys(RAW_PREFIX)])
        newest = before.newest_commit
        async for entry in store.entries(COMMITS_PREFIX, newest):
            newest = entry.key
        return cls(raw, newest)

    def waiting(self, done: "LakeLook") -> int:
        """How many raw objects are here that were not there at an earlier look."""
        return len(self.raw - done.raw)
