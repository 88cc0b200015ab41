"""Whether a text is one SELECT over tables that a role sees, by DuckDB's own parser.

DuckDB's locks (`enable_external_access`, `lock_configuration`) hold files, network and settings back. Beside them,
table functions with other effects can be called from a SELECT: `enable_logging` opens a log file, `query` runs a text
that nobody has looked at. So those that may be called are listed.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import duckdb

from warehouse.sql.query_errors import FILES, ONE_SELECT, QueryError, one_line
from warehouse.sql.reader_roles import SCHEMAS, Role, refusal

TABLE_FUNCTIONS: Final = frozenset({"generate_series", "range", "unnest"})
REFUSED_FUNCTIONS: Final = frozenset({"pg_sleep", "sleep_ms", "write_log"})  # sleep may not be interrupted
_OPEN_SCHEMAS: Final = frozenset({"", "information_schema", *SCHEMAS})


def require_one_select(connection: duckdb.DuckDBPyConnection, sql: str, role: Role) -> None:
    """Refuse whatever is not one SELECT that the role may have answered.

    Raises:
        QueryError: it is none; the text says why.
    """
    document = _parsed(connection, sql)
    if document["error"]:
        if document["error_type"] == "not implemented":
            raise QueryError(ONE_SELECT)
        raise QueryError(f"this is no SQL that DuckDB reads: {one_line(document['error_message'])}")
    if len(document["statements"]) != 1:
        raise QueryError(ONE_SELECT)
    for node in _nodes(document["statements"]):
        reason = _reason(node, role)
        if reason is not None:
            raise QueryError(reason)


def _parsed(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """DuckDB's tree of a text (its documentation, "SQL to and from JSON")."""
    try:
        [(text,)] = connection.execute("select json_serialize_sql(?)", [sql]).fetchall()
        document: dict[str, Any] = json.loads(text)
    except (duckdb.Error, RecursionError) as error:
        raise QueryError(f"this is no SQL that DuckDB reads: {one_line(str(error))}") from None
    return document


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of a tree, without recursion: a tree may be as deep as a query's author likes."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _reason(node: dict[str, Any], role: Role) -> str | None:
    """Why a part of a query is refused, or None."""
    match node:
        case {"type": "TABLE_FUNCTION", "function": {"function_name": str(name)}}:
            return None if name.lower() in TABLE_FUNCTIONS else f"{name}() is refused: {FILES}"
        case {"class": "FUNCTION", "function_name": str(name)} if name.lower() in REFUSED_FUNCTIONS:
            return f"{name}() is refused: {ONE_SELECT}"
        case {
            "type": "BASE_TABLE",
            "catalog_name": str(catalog),
            "schema_name": str(schema),
            "table_name": str(table),
        }:
            return _of_table(role, catalog.lower(), schema.lower(), table.lower())
    return None


def _of_table(role: Role, catalog: str, schema: str, table: str) -> str | None:
    reason = refusal(role, schema, table)
    if reason is None and (catalog or schema not in _OPEN_SCHEMAS):
        return f"{schema}.{table} is not to be had: name tables of star and marts, without a database"
    return reason
