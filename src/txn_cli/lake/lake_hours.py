"""The hours of the raw lake: what lies in them, whether more can come, and whether the curated table has it."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from txn_core.aws.objects import ObjectEntry, ObjectStore
from txn_core.aws.retry import Retry
from txn_core.lake.layout import RAW_PREFIX, is_complete
from txn_core.transactions.instants import Instant
from warehouse.curated.curation import raw_objects
from warehouse.curated.table import CuratedTable, Snapshot

LOOKS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of arrivals (UTC).

    Attributes:
        prefix: the folder of its objects.
        rows: those that its objects say they have.
        complete: whether nothing more can come into the folder.
        waiting: the objects that are not in the curated table.
    """

    prefix: str
    objects: int
    rows: int
    complete: bool
    waiting: int

    @property
    def name(self) -> str:
        """The hour as `2026-01-02T03`."""
        return self.prefix.removeprefix(RAW_PREFIX).strip("/").replace("dt=", "").replace("/hr=", "T")

    @property
    def curated(self) -> bool:
        """Whether the curated table has all that is there."""
        return not self.waiting

    def document(self) -> dict[str, Any]:
        """The hour for machines."""
        counts = {"objects": self.objects, "rows": self.rows, "waiting": self.waiting}
        return {"hour": self.name, **counts, "complete": self.complete, "curated": self.curated}


async def lake_hours(store: ObjectStore, table: CuratedTable, before: Instant | None, retry: Retry) -> list[Hour]:
    """Each hour that has objects, in the order of time.

    `before` is the moment before which everything is in the lake, or None where nothing tells. It has to be asked
    for before: then no object of a complete hour is missing here.
    """
    listed, snapshot = await raw_objects(store, retry), await table.snapshot()
    hours: defaultdict[str, list[ObjectEntry]] = defaultdict(list)
    for each in listed:
        hours[f"{each.key.rpartition('/')[0]}/"].append(each)
    rows = await _rows(store, [each.key for each in listed if each.key not in snapshot.raw], retry)
    return [_hour(prefix, objects, before, snapshot, rows) for prefix, objects in sorted(hours.items())]


def _hour(
    prefix: str, objects: Sequence[ObjectEntry], before: Instant | None, snapshot: Snapshot, rows: dict[str, int]
) -> Hour:
    known = snapshot.raw
    return Hour(
        prefix,
        len(objects),
        sum(known.get(each.key, rows.get(each.key, 0)) for each in objects),
        before is not None and is_complete(prefix, before),
        sum(each.key not in known for each in objects),
    )


async def _rows(store: ObjectStore, keys: Sequence[str], retry: Retry) -> dict[str, int]:
    """The rows of objects by what stands beside them; an object of somebody else says nothing, and counts none."""
    limit = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(key: str) -> int:
        async with limit:
            metadata = await retry("look at object", partial(store.find, key)) or {}
        return int(rows) if (rows := metadata.get("rows", "")).isdecimal() else 0

    return dict(zip(keys, await asyncio.gather(*map(look, keys)), strict=True))
