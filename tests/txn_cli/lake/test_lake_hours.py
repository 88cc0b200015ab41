"""The hours of a lake: what lies in them, whether more can come, and what waits."""

import pytest

from tests.support.memory_objects import at_once
from tests.warehouse.curated.lakes import adverse_lake, memory_lake, table_in
from txn_cli.lake.lake_hours import Hour, lake_hours
from txn_core.transactions.instants import Instant
from warehouse.curated.curation import CommitLimits, curate

HOUR = "raw/dt=2026-01-01/hr=22/"
NEXT = "raw/dt=2026-01-01/hr=23/"


@pytest.mark.parametrize(
    ("before", "complete"),
    [
        (None, (False, False)),
        (Instant("2026-01-01T22:59:59.999999Z"), (False, False)),
        (Instant("2026-01-01T23:00:00.000000Z"), (True, False)),
        (Instant("2026-01-02T00:00:00.000000Z"), (True, True)),
    ],
)
async def test_hours_say_what_is_in_them(before: Instant | None, complete: tuple[bool, bool]) -> None:
    store = memory_lake(adverse_lake())
    late = adverse_lake()[0]
    await curate(store, table_in(store), CommitLimits(), at_once)
    store.objects[late.key.replace(HOUR, NEXT)], store.about[late.key.replace(HOUR, NEXT)] = late.body, late.metadata
    rows = sum(int(each.metadata["rows"]) for each in adverse_lake())
    found = await lake_hours(store, table_in(store), before, at_once)
    assert found == [
        Hour(HOUR, len(adverse_lake()), rows, complete[0], 0),
        Hour(NEXT, 1, int(late.metadata["rows"]), complete[1], 1),
    ]
    assert found[1].document() == {
        "hour": "2026-01-01T23",
        "objects": 1,
        "rows": int(late.metadata["rows"]),
        "waiting": 1,
        "complete": complete[1],
        "curated": False,
    }


async def test_an_object_of_somebody_else_counts_no_rows() -> None:
    store = memory_lake(())
    store.objects[f"{HOUR}x.parquet"] = b"?"
    assert await lake_hours(store, table_in(store), None, at_once) == [Hour(HOUR, 1, 0, complete=False, waiting=1)]
