"""Queries to a PostgreSQL as a login that may read star and marts and nothing else.

What holds a query back is the login's rights, read-only transactions and the statement's time. `set role` would not
do: a query can take another role itself (`set_config('role', ...)`) and then run a text (`query_to_xml`). So a login
that may do more than the role is refused.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from warehouse.sql.bounds import BESIDE_BYTES, Bounds, bounded_memory
from warehouse.sql.query_errors import ONE_SELECT, QueryError
from warehouse.sql.query_result import QueryResult, Row, rows_of
from warehouse.sql.reader_roles import OF_STEWARDS, Role

LOGIN_ROLES: Final = {Role.ANALYST: ("txn_analyst",), Role.STEWARD: ("txn_steward", "txn_analyst")}
"""The roles that a login has to be a member of: of the first, and of no other than these."""

DIGITS_MAX: Final = 38
PEEKED_ROWS: Final = 2_048
"""Rows whose numbers say how many decimals a column has."""

_RIGHTS: Final = """
    select own.rolsuper or own.rolcreaterole or own.rolreplication or own.rolbypassrls,
        array_to_string(array(
            select role.rolname from pg_roles as role
            where role.oid <> own.oid and pg_has_role(own.oid, role.oid, 'member')
        ), ' ')
    from pg_roles as own where own.rolname = session_user
"""
_SESSION: Final = ("set default_transaction_read_only = on", "set timezone = 'UTC'")
_QUERY_CANCELED: Final = "57014"
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_CONNECTION: Final = ("08", "57P", "28", "3D")  # no server, one that stops, no such login, no such database


@dataclass(frozen=True, slots=True)
class PostgresReader:
    """A session of a login that may only read."""

    cursor: adbc.Cursor
    role: Role
    bounds: Bounds

    def answer(self, sql: str) -> QueryResult:
        """Run one SELECT; its rows come as they are read. The server itself refuses two statements in one text.

        Raises:
            QueryError: it is refused or fails, now or while rows are read.
        """
        with _errors(self.bounds, self.role):
            self.cursor.execute(sql)
            batches = self.cursor.fetch_record_batch()
        if not batches.schema.names:
            raise QueryError(ONE_SELECT)
        return self._typed(batches)

    def _typed(self, batches: Any) -> QueryResult:
        """The answer with decimals, which the driver gives as texts of any number of digits."""
        numerics = [place for place, field in enumerate(batches.schema) if _is_numeric(field.type)]
        rows = self._rows(batches, numerics)
        first = list(islice(rows, PEEKED_ROWS))
        schema = batches.schema
        for place in numerics:
            decimals = max((_decimals(row[place]) for row in first), default=0)
            schema = schema.set(place, pa.field(schema.names[place], pa.decimal128(DIGITS_MAX, decimals)))
        return QueryResult(schema, chain(first, rows))

    def _rows(self, batches: Any, numerics: Sequence[int]) -> Iterator[Row]:
        with _errors(self.bounds, self.role):
            for row in rows_of(iter(batches)):
                values = list(row)
                for place in numerics:
                    values[place] = None if row[place] is None else Decimal(str(row[place]))
                yield tuple(values)


@contextmanager
def open_postgres(url: str, role: Role, bounds: Bounds) -> Iterator[PostgresReader]:
    """A session for the time of the block.

    Raises:
        QueryError: nobody answers there, or the login may do more than the role, or less.
    """
    with bounded_memory(bounds.memory_bytes + BESIDE_BYTES), _opened(url, bounds, role) as cursor:
        with _errors(bounds, role):
            cursor.execute(_RIGHTS)
            [(is_powerful, roles)] = cursor.fetchall()
            _require_reader(role, set(roles.split()), is_powerful=is_powerful)
            for statement in (*_SESSION, f"set statement_timeout = {round(bounds.timeout_s * 1000)}"):
                cursor.execute(statement)
        yield PostgresReader(cursor, role, bounds)


@contextmanager
def _opened(url: str, bounds: Bounds, role: Role) -> Iterator[adbc.Cursor]:
    with _errors(bounds, role):
        connection = adbc.connect(url, autocommit=True)
    cursor = connection.cursor()
    try:
        yield cursor
    finally:
        with suppress(adbc.Error):
            cursor.close()
            connection.close()


def _require_reader(role: Role, roles: set[str], *, is_powerful: bool) -> None:
    """Let a login ask that is a member of the role, and of no other.

    Raises:
        QueryError: it may do more, or less.
    """
    needed, *others = LOGIN_ROLES[role]
    remedy = f"TXN_WAREHOUSE_POSTGRES_URL needs a login for reading (create role NAME login in role {needed})"
    if is_powerful or roles - {needed, *others}:
        raise QueryError(f"this login may do more than {needed}: {remedy}")
    if needed not in roles:
        raise QueryError(f"this login is no member of {needed}: {remedy}")


@contextmanager
def _errors(bounds: Bounds, role: Role) -> Iterator[None]:
    """Say in one line what an error of the driver or the server means."""
    try:
        yield
    except (adbc.Error, OSError, MemoryError) as error:  # Arrow's reader raises the driver's as OSError
        raise QueryError(_reason(error, bounds, role)) from None


def _reason(error: Exception, bounds: Bounds, role: Role) -> str:
    """An error of Arrow's reader holds PostgreSQL's text alone, one of the driver its SQLSTATE, too."""
    if isinstance(error, MemoryError):
        return f"the answer needs more than TXN_WAREHOUSE_MEMORY ({bounds.memory}): ask for less, or allow more"
    found = re.search(r"ERROR:\s+(.*)", str(error))
    said, state = found[1] if found else "", str(getattr(error, "sqlstate", None) or "")
    if state == _QUERY_CANCELED or said.startswith("canceling statement"):
        return f"the query took more than {bounds.timeout_s:g} s: ask for less, or allow more with --timeout"
    if state == _INSUFFICIENT_PRIVILEGE or said.startswith("permission denied"):
        return _refused(said, role)
    if not said or state.startswith(_CONNECTION):
        return "no connection to PostgreSQL: see TXN_WAREHOUSE_POSTGRES_URL"  # the driver's text holds the address
    return f"PostgreSQL refuses: {said}"


def _refused(text: str, role: Role) -> str:
    for table, instead in OF_STEWARDS.items():
        if role is Role.ANALYST and re.search(rf"\b{table}\b", text):
            return f"star.{table} is for stewards (--role steward): ask {instead}"
    return f"the role {role} does not see that: ask the tables of star and marts"


def _is_numeric(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric"


def _decimals(value: object) -> int:
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0
