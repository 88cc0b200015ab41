"""The tables of a landing as statements that every engine takes, and what is to be added to older ones.

`create ... if not exists` and `alter table add column` are the same on DuckDB, PostgreSQL and Redshift. A column of a
later version comes to the end of a table that is there, so engines load by names and never by places.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from warehouse.curated.schema import CURATED_COLUMNS, Column
from warehouse.landing.incoming import LOAD_ID

SCHEMA: Final = "landing"
POSITIONS: Final = "positions"
OBJECTS: Final = "objects"
LOCK: Final = "lock"

LEDGER_COLUMNS: Final = (
    "object_name text primary key, load_id bigint not null, rows bigint not null, digest text not null, "
    "loaded_at timestamp not null"
)
LEDGER_ROW: Final = "object_name, load_id, rows, digest, loaded_at"
COLUMNS_NOW: Final = (
    "select column_name from information_schema.columns "
    f"where table_schema = '{SCHEMA}' and table_name = '{POSITIONS}'"
)


def schema_statements(schema: str = SCHEMA, columns: Sequence[Column] = CURATED_COLUMNS) -> Iterator[str]:
    """What makes the landing where there is none; `schema` may name the database before it."""
    yield f"create schema if not exists {schema}"
    yield f"create table if not exists {schema}.{OBJECTS} ({LEDGER_COLUMNS})"
    yield f"create table if not exists {schema}.{LOCK} (taken bigint not null)"
    own = ", ".join(f"{column.name} {column.type}{'' if column.nullable else ' not null'}" for column in columns)
    yield f"create table if not exists {schema}.{POSITIONS} ({own}, {LOAD_ID} bigint not null)"


def added_columns(
    there: Collection[str], schema: str = SCHEMA, columns: Sequence[Column] = CURATED_COLUMNS
) -> Iterator[str]:
    """What adds the columns that a table of an earlier version lacks; its rows have nulls there."""
    for column in columns:
        if column.name not in there:
            yield f"alter table {schema}.{POSITIONS} add column {column.name} {column.type}"
