"""The hours of a lake: what lies in them, whether more can come, and what waits."""

from tests.support.memory_objects import at_once
from tests.warehouse.curated.lakes import adverse_lake, memory_lake, table_in
from txn_cli.lake.lake_hours import Hour, lake_hours
from txn_core.transactions.instants import Instant
from warehouse.curated.curation import CommitLimits, curate

HOUR = "raw/dt=2026-01-01/hr=22/"
NEXT = "raw/dt=2026-01-01/hr=23/"


COMPLETE = {
    None: (False, False),
    Instant("2026-01-01T22:59:59.999999Z"): (False, False),
    Instant("2026-01-01T23:00:00.000000Z"): (True, False),
    Instant("2026-01-02T00:00:00.000000Z"): (True, True),
}


async def test_hours_say_what_is_in_them() -> None:
    store = memory_lake(adverse_lake())
    late = adverse_lake()[0]
    await curate(store, table_in(store), CommitLimits(), at_once)
    store.objects[late.key.replace(HOUR, NEXT)], store.about[late.key.replace(HOUR, NEXT)] = late.body, late.metadata
    rows, rows_late = sum(int(each.metadata["rows"]) for each in adverse_lake()), int(late.metadata["rows"])
    for before, (complete, next_complete) in COMPLETE.items():
        assert await lake_hours(store, table_in(store), before, at_once) == [
            Hour(HOUR, len(adverse_lake()), rows, complete, 0),
            Hour(NEXT, 1, rows_late, next_complete, 1),
        ]


def test_an_hour_is_told_in_json() -> None:
    assert Hour(NEXT, 1, 8, complete=True, waiting=1).document() == {
        "hour": "2026-01-01T23",
        "objects": 1,
        "rows": 8,
        "waiting": 1,
        "complete": True,
        "curated": False,
    }


async def test_an_object_of_somebody_else_counts_no_rows() -> None:
    store = memory_lake(())
    store.objects[f"{HOUR}x.parquet"] = b"?"
    assert await lake_hours(store, table_in(store), None, at_once) == [Hour(HOUR, 1, 0, complete=False, waiting=1)]
