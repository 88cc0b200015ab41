"""What was built, by the same SQL on each engine."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from warehouse.run.targets import Built, Counts

Rows = Callable[[str], Sequence[Sequence[Any]]]
"""Runs a query, and gives its rows."""

_TABLES: Final = (
    "select table_name from information_schema.tables where table_schema = 'meta' and table_name in ('run', 'loaded')"
)


def built_of(rows: Rows, *, landing: str = "landing", meta: str = "meta") -> Built:
    """What the tables hold; the names of the schemas may begin with a database's."""
    landed = int(rows(f"select coalesce(max(load_id), 0) from {landing}.objects")[0][0])
    if len(rows(_TABLES)) < 2:
        return Built(landed)
    noted = rows(f"select to_load_id, models from {meta}.run order by to_load_id desc limit 1")
    if not noted:
        return Built(landed)
    strange = rows(
        f"select count(*) from {meta}.loaded as loaded left join {landing}.objects as objects "
        "on objects.object_name = loaded.object_name and objects.load_id = loaded.load_id "
        "where objects.object_name is null"
    )
    return Built(landed, int(noted[0][0]), str(noted[0][1]), follows=int(strange[0][0]) == 0)


def counts_of(rows: Rows, *, landing: str = "landing", star: str = "star") -> Counts:
    """Positions of the landing, and writes of all transactions."""
    landed = rows(f"select count(*) from {landing}.positions")[0][0]
    writes = rows(f"select coalesce(sum(writes), 0) from {star}.fact_transactions")[0][0]
    return Counts(int(landed), int(writes))
