"""Raw rows as curated rows and rows of the vault: a pure function, in DuckDB's SQL over Arrow tables in memory.

Nothing is written to a disk: raw rows hold names and streets. A further column of the raw lake is part of what the
client said, so it counts for the content digest, and goes nowhere else.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from txn_core.lake.columns import RAW_SCHEMA, column_of
from txn_core.transactions.event import LATER_FIELDS, OFFSET
from txn_core.transactions.payment_fields import COUNTRY
from warehouse.curated.schema import CURATED_COLUMNS, CURATED_SCHEMA, VAULT_COLUMNS, VAULT_SCHEMA

EARTH_RADIUS_M: Final = 6_371_008.8
"""The mean radius of the Earth (IUGG), meters."""
MEMORY_MAX: Final = "1GB"

# What the service adds to an event, and the ids of the card: the content digest has all columns but these.
_NOT_SAID: Final = frozenset(
    {
        *("schema_version", "accepted_at", "account", "card_masked", "customer_id", "merchant_id"),
        *("card_id", "card_aliases", "shard_id", "sequence_number", "sub_sequence_number", "arrived_at", OFFSET),
    }
)
# Columns of later versions of the event count as further ones: a digest of before is the same with them.
_LATER: Final = LATER_FIELDS | {column_of("merchant", COUNTRY)}
_SAID: Final = tuple(name for name in RAW_SCHEMA.names if name not in _NOT_SAID | _LATER)
_CUSTOMER: Final = tuple(name for name in _SAID if name.startswith("customer_"))
_PROFILE: Final = ("gender", "year(born)", "job", "city", "state", "postal_area", "city_population")
_NAMED: Final = tuple(column.name for column in VAULT_COLUMNS if column.nullable)


class Transformation:
    """Transforms raw tables (`raw_tables.one_table`) on one connection without files, network and extensions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls) -> "Iterator[Transformation]":
        """A transformation for the time of the block."""
        closed = {"enable_external_access": "false", "autoload_known_extensions": "false", "temp_directory": ""}
        with duckdb.connect(config={**closed, "memory_limit": MEMORY_MAX}) as connection:
            yield cls(connection)

    def curated(self, raw: pa.Table, commit_number: int) -> pa.Table:
        """The curated rows of an append commit, in the order of the raw rows."""
        return self._run(raw, _curated_query(raw.column_names, commit_number)).cast(CURATED_SCHEMA)

    def vault(self, raw: pa.Table, commit_number: int) -> pa.Table:
        """What the rows say of customers that only the vault may know, each once."""
        return self._run(raw, _vault_query(commit_number)).cast(VAULT_SCHEMA)

    def _run(self, raw: pa.Table, query: str) -> pa.Table:
        self._connection.register("raw", raw)
        try:
            return self._connection.execute(query).to_arrow_table()
        finally:
            self._connection.unregister("raw")


def _curated_query(raw_columns: Iterable[str], commit_number: int) -> str:
    further = [name for name in raw_columns if name not in _NOT_SAID and name not in _SAID]
    columns = ", ".join(column.name for column in CURATED_COLUMNS)
    return (
        f"WITH prepared AS (SELECT {_columns(_PREPARED)}, {_content(further)} AS content_digest FROM raw), "  # noqa: S608 - names of ours, and quoted ones
        f"derived AS (SELECT *, {_columns(_DERIVED)} FROM prepared) "
        f"SELECT {commit_number} AS {columns} FROM derived"
    )


def _vault_query(commit_number: int) -> str:
    columns = ", ".join(("account", "customer_id", *(f"customer_{name} AS {name}" for name in _NAMED)))
    said = " OR ".join(f"customer_{name} IS NOT NULL" for name in _NAMED)
    return f"SELECT DISTINCT {columns}, {commit_number} AS first_commit FROM raw WHERE {said} ORDER BY ALL"  # noqa: S608 - names of ours


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in expressions.items())


def _content(further: Iterable[str]) -> str:
    """The digest of what the client said, of JSON. A further column that is null in a row adds nothing there."""
    # 0 and -0 are one number.
    said = [f"({name} + 0.0)" if name.endswith("itude") else name for name in _SAID]
    said[_SAID.index("occurred_at")] = "epoch_us(occurred_at)"
    text = f"json_array({', '.join(said)})::VARCHAR"
    for name in sorted(further):
        column, label = name.replace('"', '""'), name.replace("'", "''")
        text += f""" || CASE WHEN "{column}" IS NULL THEN '' ELSE json_array('{label}', "{column}")::VARCHAR END"""
    return f"md5({text})"


# What is in the raw row under another name or in another type, and what is derived from single columns.
_PREPARED: Final[Mapping[str, str]] = {
    **{
        name: name
        for name in RAW_SCHEMA.names
        if not name.startswith("customer_") and name in {column.name for column in CURATED_COLUMNS}
    },
    "customer_id": "customer_id",
    # Not by a cast, which takes an instant to the zone of the session.
    **{name: f"make_timestamp(epoch_us({name}))" for name in ("arrived_at", "accepted_at", "occurred_at")},
    "card_aliases": "CASE WHEN len(card_aliases) > 0 THEN array_to_string(card_aliases, ' ') END",
    "has_reference": "customer_reference IS NOT NULL",
    "has_customer": " OR ".join(f"{name} IS NOT NULL" for name in _CUSTOMER),
    **{name: f"customer_{name}" for name in ("gender", "job", "city", "state", "city_population")},
    "postal_area": "left(customer_postal_code, 3)",
    "category": "merchant_category",
    "entry_mode": "terminal_entry_mode",
    # DuckDB reads more than dates as dates, such as `epoch` and years before the first.
    "born": (
        "CASE WHEN regexp_full_match(customer_date_of_birth, '[0-9]{4}-[0-9]{2}-[0-9]{2}')"
        " AND customer_date_of_birth >= '0001' THEN try_cast(customer_date_of_birth AS DATE) END"
    ),
    # The haversine formula; rounding may take its root beyond 1, of which there is no arcsine.
    "meters_from_home": (
        "CASE WHEN customer_latitude BETWEEN -90 AND 90 AND merchant_latitude BETWEEN -90 AND 90"
        " AND customer_longitude BETWEEN -180 AND 180 AND merchant_longitude BETWEEN -180 AND 180"
        f" THEN round(2 * {EARTH_RADIUS_M} * asin(least(1.0, sqrt("
        "pow(sin(radians(merchant_latitude - customer_latitude) / 2), 2)"
        " + cos(radians(customer_latitude)) * cos(radians(merchant_latitude))"
        " * pow(sin(radians(merchant_longitude - customer_longitude) / 2), 2)))))::BIGINT END"
    ),
}
# What is derived from those.
_DERIVED: Final[Mapping[str, str]] = {
    "birth_year": "year(born)",
    "age": (
        "CASE WHEN born <= occurred_at::DATE THEN year(occurred_at) - year(born) - (month(occurred_at) * 100"
        " + day(occurred_at) < month(born) * 100 + day(born))::BIGINT END"
    ),
    "profile_hash": f"CASE WHEN has_customer THEN md5(json_array({', '.join(_PROFILE)})) END",
}
