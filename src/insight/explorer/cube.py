"""The cube: what each customer did by month, state, category, gender, age band, segment and currency, in memory.

It keeps customers as numbers, so that each displayed cell counts its own distinct customers, which cannot be
added up. Beside the whole cube there are three without months, without categories and without both. A view asks
the smallest one that has what it needs; views that follow the whole choice ask the rows of that choice.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Lock, Timer
from typing import Final

import duckdb

from insight.answers.data_state import DataState, data_state
from insight.explorer.dimensions import BY_TRANSACTION, DIMENSIONS, SEGMENT
from insight.explorer.segments import MEANINGS, NO_SEGMENT, segments_sql
from txn_core.recent import remember
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import closed_session
from warehouse.sql.query_errors import QueryError, QueryTooLargeError, QueryTooLongError, one_line
from warehouse.sql.reader_roles import Role

Cell = tuple[str, int, int, int]
"""A label, its distinct customers, transactions, and net in minor units."""

VIEWS_KEPT_MAX: Final = 1024
BITS_MAX: Final = 1 << 27
"""Of all cells of a view, which is 16 MiB: with more, customers are counted by hash tables."""
_DISTINCT: Final = "count(distinct customer)"
BUILD_TIMES: Final = 3
"""A cube may take so many times as long as a query: it is made once for each build of the
warehouse, and where other processes want the cores a niceness of 10 leaves it little."""
_CONFIG: Final = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "temp_directory": ""}
_LABELS: Final = tuple(name for name in DIMENSIONS if name != "month")
_FACTS: Final = """
create temporary table named as
select f.customer_id, f.state, coalesce(r.region, 'unknown') as region, strftime(f.month, '%Y-%m-%d') as month,
    f.category, f.gender, f.age_band, f.currency, f.transactions, f.net_minor
from (
    select customer_id, state, month, category, gender, age_band, currency,
        count(*) as transactions, sum(net_minor) as net_minor
    from warehouse.star.fact_transactions
    group by all
) as f
left join warehouse.star.dim_region as r on r.state = f.state
"""
_MAIN_CURRENCY: Final = """
create table main_currency as
select currency from named group by currency order by sum(transactions) desc, currency limit 1
"""
_CUSTOMERS: Final = f"""
create temporary table customers as
select c.customer_id, cast(row_number() over () as integer) as customer,
    coalesce(s.segment, '{NO_SEGMENT.name}') as segment
from (select distinct customer_id from named) as c
left join ({segments_sql("warehouse.marts.customer_month")}) as s using (customer_id)
"""  # noqa: S608 - names of ours
_SUMS: Final = "cast(sum(transactions) as bigint) as transactions, cast(sum(net_minor) as bigint) as net_minor"


class Cube:
    """A cube of one state of the data. One thread asks it at a time; others wait."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, data: DataState, bounds: Bounds) -> None:
        self._connection, self._bounds, self._lock = connection, bounds, Lock()
        self._narrowed: Mapping[str, str] | None = None
        self._kept: OrderedDict[tuple[str, frozenset[tuple[str, str]]], list[Cell]] = OrderedDict()
        self.data = data
        [(self._customers,)] = connection.execute("select count(distinct customer) from cube").fetchall()
        self.labels: Mapping[str, Sequence[str]] = {name: self._labels_of(name) for name in DIMENSIONS}
        """The labels of each dimension that occur, in their order."""
        self.exponents: Mapping[str, int] = dict(connection.execute("from exponents").fetchall())
        found = connection.execute("from main_currency").fetchone()
        self.main_currency: str | None = None if found is None else found[0]
        """The currency with most transactions; the first of the alphabet of equals."""
        self._states = self._by_region()

    @classmethod
    def built(cls, folder: Path, bounds: Bounds, stamp: str, overdue: Callable[[str], None]) -> "Cube":
        """The cube of the files that are published in a folder.

        Raises:
            QueryError: they cannot be read, or the cube takes more than its bounds.
        """
        with closed_session(folder, Role.ANALYST, bounds, overdue) as reader:
            data = data_state(reader, stamp)
        config: dict[str, str | bool | int | float | list[str]] = {
            **_CONFIG, "memory_limit": bounds.memory, "threads": bounds.threads,
        }  # fmt: skip
        connection = duckdb.connect(":memory:", config=config)
        try:
            with _bounded(connection, BUILD_TIMES * bounds.timeout_s):
                _fill(connection, folder)
                return cls(connection, data, bounds)
        except BaseException:
            connection.close()
            raise

    def narrow(self, chosen: Mapping[str, str]) -> None:
        """Have the rows of a choice ready, of which most of its views are, until the next choice.

        Raises:
            QueryError: it takes more than its bounds.
        """
        rows = f"select * from {_cube_for({*chosen})} where {_conditions(chosen)}"  # noqa: S608 - names of ours
        with self._lock, _bounded(self._connection, self._bounds.timeout_s):
            self._narrowed = None
            self._connection.execute(f"create or replace temporary table narrowed as {rows}", list(chosen.values()))
            self._narrowed = chosen

    def cells(self, dimension: str, chosen: Mapping[str, str]) -> list[Cell]:
        """The cells of a view, those that occur: by a dimension, of what is chosen of others.

        Some are kept: the view of the dimension that was just chosen is the same as before.

        Raises:
            QueryError: it takes more than its bounds.
        """
        key = dimension, frozenset(chosen.items())
        if (kept := self._kept.pop(key, None)) is None:
            kept = self._asked(dimension, chosen)
        remember(self._kept, key, kept, VIEWS_KEPT_MAX)
        return kept

    def total(self, chosen: Mapping[str, str]) -> Cell:
        """The one cell of all that is chosen.

        Raises:
            QueryError: it takes more than its bounds.
        """
        [cell] = self._asked("'all'", chosen)
        return cell

    def states_of(self, region: str) -> frozenset[str]:
        """The states of a region that occur."""
        return self._states.get(region, frozenset())

    def amount(self, net_minor: int, currency: str) -> Decimal:
        """An amount in the unit of its currency, with three decimals."""
        return Decimal(net_minor).scaleb(-self.exponents.get(currency, 2)).quantize(Decimal("0.001"))

    def _asked(self, by: str, chosen: Mapping[str, str]) -> list[Cell]:
        with self._lock, _bounded(self._connection, self._bounds.timeout_s):
            cube = _cube_for({by, *chosen})
            is_ready = chosen == self._narrowed and cube == _cube_for({*chosen})
            source = "narrowed" if is_ready else f"{cube} where {_conditions(chosen)}"
            sql = (
                f"select cast({by} as varchar) as label, {self._distinct(by)}, "  # noqa: S608 - names of ours
                f"cast(coalesce(sum(transactions), 0) as bigint), cast(coalesce(sum(net_minor), 0) as bigint) "
                f"from {source}{' group by label' if by in DIMENSIONS else ''}"
            )
            return self._connection.execute(sql, [] if is_ready else list(chosen.values())).fetchall()

    def _distinct(self, by: str) -> str:
        """What counts the customers of a cell. A bit for each takes less than half the time of a hash table."""
        bits = len(self.labels.get(by, ())) * self._customers
        return f"bit_count(bitstring_agg(customer, 1, {self._customers}))" if 0 < bits < BITS_MAX else _DISTINCT

    def _labels_of(self, name: str) -> list[str]:
        found = self._connection.execute(f"select distinct cast({name} as varchar) from {_cube_for({name})}")  # noqa: S608
        labels = {str(label) for (label,) in found.fetchall()}
        return [each for each in MEANINGS if each in labels] if name == SEGMENT else sorted(labels, key=_rank)

    def _by_region(self) -> dict[str, frozenset[str]]:
        pairs = self._connection.execute(
            f"select distinct cast(region as varchar), cast(state as varchar) from {_cube_for({'region', 'state'})}"  # noqa: S608
        ).fetchall()
        return {region: frozenset(state for of, state in pairs if of == region) for region, _ in pairs}


def _fill(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    place = str(folder / "warehouse.duckdb").replace("'", "''")
    connection.execute(f"attach '{place}' as warehouse (read_only)")
    connection.execute(_FACTS)
    connection.execute(_MAIN_CURRENCY)
    main = connection.execute("from main_currency").fetchone()
    connection.execute(_CUSTOMERS, list(main or [""]))
    for name in _LABELS:
        of = "customers" if name == SEGMENT else "named"
        connection.execute(f"create type {name}_label as enum (select distinct {name} from {of} order by 1)")  # noqa: S608
    labels = ", ".join(f"cast({name} as {name}_label) as {name}" for name in _LABELS)
    connection.execute(
        f"create table cube as select {labels}, cast(month as date) as month, customer, "  # noqa: S608
        f"{_SUMS} from named join customers using (customer_id) group by all"
    )
    for left_out in (("month",), ("category",), BY_TRANSACTION):
        kept = ", ".join(name for name in DIMENSIONS if name not in left_out)
        smaller = f"select {kept}, customer, {_SUMS} from cube group by all"  # noqa: S608 - names of ours
        connection.execute(f"create table {_named(left_out)} as {smaller}")
    connection.execute("create table exponents as select currency, exponent from warehouse.star.dim_currency")
    connection.execute("drop table customers")
    connection.execute("drop table named")
    connection.execute("detach warehouse")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _conditions(chosen: Mapping[str, str]) -> str:
    return " and ".join(f"{name} = ?" for name in chosen) or "true"


def _cube_for(needed: set[str]) -> str:
    """The smallest cube that has these dimensions."""
    return _named(tuple(name for name in BY_TRANSACTION if name not in needed))


def _named(left_out: Sequence[str]) -> str:
    return "_".join(itertools.chain(["cube"], *(("without", name) for name in left_out)))


def _rank(label: str) -> tuple[int, str]:
    """Labels in their order: `under 18` before all bands, `unknown` behind everything."""
    return (0 if label == "under 18" else 2 if label in {"unknown", "??"} else 1), label


@contextmanager
def _bounded(connection: duckdb.DuckDBPyConnection, timeout_s: float) -> Iterator[None]:
    """Interrupt what runs in the block for longer."""
    passed: list[bool] = []

    def end() -> None:
        passed.append(True)
        connection.interrupt()

    timer = Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.Error as error:
        if passed:
            raise QueryTooLongError(f"the cube took more than {timeout_s:g} s") from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise QueryTooLargeError("the cube needs more memory than a query may take") from None
        raise QueryError(one_line(str(error))) from None
    finally:
        timer.cancel()
