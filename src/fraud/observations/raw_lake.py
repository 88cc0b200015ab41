"""Observations of the raw lake's tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from fraud.observations.observation import Observation

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = (
    "account", "card_id", "card_aliases", "transaction_id", "type", "amount_minor", "currency", "occurred_at",
    "merchant_category", "merchant_id", "customer_latitude", "customer_longitude", "merchant_latitude",
    "merchant_longitude", "customer_gender", "customer_date_of_birth", "customer_city_population", "customer_state",
    "customer_job", "terminal_entry_mode", "terminal_id",
)  # fmt: skip
"""The columns of the lake that an observation is made of, in the order of its fields."""


def observations_of(table: "pa.Table") -> Iterator[Observation]:
    """The observations of a table of raw rows, in the table's order, which is the order of the stream.

    The table may hold more columns, and may lack `card_aliases` as old files do.
    """
    return map(Observation, *(_values(table, name) for name in COLUMNS))


def _values(table: "pa.Table", name: str) -> list[Any]:
    if name == "card_aliases":
        if name not in table.column_names:
            return [()] * table.num_rows
        return [tuple(aliases or ()) for aliases in table[name].to_pylist()]
    column = table[name].cast("int64") if name == "occurred_at" else table[name]
    values: list[Any] = column.to_pylist()
    return values
