"""The warehouse of a run, on both engines: no card number, and names, streets, birth dates in the vault alone.

Marked words stand in the rows of a file that are accepted. The city may be told to stewards, and to no analyst.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from devkit.running_stack import RunningStack

from tests.canary.scene import Scene
from tests.support.card_search import CardSearch
from txn_core.aws.clients import Aws
from warehouse.run.folder import WarehouseFolder

OPTIONS: Final = ("--warehouse", "--postgres")
SETTINGS: Final = {"TXN_WAREHOUSE_EVERY_S": "3600"}
PERSON: Final = {"first": "Canaryfirst", "last": "Canarylast", "street": "1 Canarystreet", "dob": "1901-02-03"}
CITY: Final = "Canarycity"
_WAIT_S: Final = 120.0
_KINDS: Final = ("warehouse cell", "postgres cell", "curated object", "warehouse file")
_TABLES: Final = (
    "select format('%I.%I', schemaname, tablename)::text from pg_tables "
    "where schemaname in ('landing', 'staging', 'identity', 'star', 'marts', 'meta', 'oltp', 'vault') order by 1"
)
_NAMED: Final = ("oltp.", "vault.")


@dataclass
class PersonSearch:
    """A search for card numbers that also looks for the marked words; `persons` are the places where some stand."""

    search: CardSearch
    persons: list[str] = field(default_factory=list)
    cities: set[str] = field(default_factory=set)

    def look(self, kind: str, place: str, text: str) -> None:
        """Search one text."""
        self.search.look(kind, place, text)
        if any(word in text for word in PERSON.values()):
            self.persons.append(f"{kind} {place}")
        if CITY in text:
            self.cities.add(f"{kind} {place}")


def mark(row: dict[str, str]) -> None:
    """Make a row of a file tell of the marked person."""
    row |= {**PERSON, "city": CITY}


def build(stack: RunningStack) -> None:
    """Run the warehouse on both engines, by what is new and then whole."""
    for target in ("duckdb", "postgres"):
        for options in ((), ("--full",)):
            stack.txn("warehouse", "run", "--target", target, *options)


async def search_warehouse(search: CardSearch, scene: Scene) -> list[str]:
    """Search all tables and files of the warehouse; gives what is amiss with the marked person, a line each."""
    looked = PersonSearch(search)
    folder = WarehouseFolder(scene.data_dir / "warehouse")
    with folder.locked(wait_s=_WAIT_S):
        for place, text in _duckdb_rows(folder):
            looked.look("warehouse cell", place, text)
    for place, text in _postgres_rows(scene.ready["postgres_url"]):
        looked.look("postgres cell", place, text)
    for file in _files(folder.root):
        looked.look("warehouse file", str(file.relative_to(folder.root)), file.read_text("utf-8", "replace"))
    await _objects(looked, scene)
    return list(amiss(looked))


def amiss(looked: PersonSearch) -> Iterator[str]:
    """Where the marked person stands and may not, and where the search should have seen the person."""
    for place in sorted(set(looked.persons)):
        if not place.startswith(tuple(f"postgres cell {schema}" for schema in _NAMED)):
            yield f"a marked person in {place}"
    yield from (f"a city in {place}" for place in sorted(looked.cities) if " warehouse.duckdb " in place)
    for must in ("postgres cell oltp.customer", "postgres cell oltp.address", "postgres cell vault.customer"):
        if must not in looked.persons:
            yield f"the search does not see {must}"
    for must in (
        "warehouse cell steward.duckdb star.dim_customer",
        "warehouse cell work/landing.duckdb landing.positions",
    ):
        if must not in looked.cities:
            yield f"the search does not see {must}"
    yield from (f"nothing of the kind {kind} was searched" for kind in _KINDS if not looked.search.searched.get(kind))


def _duckdb_rows(folder: WarehouseFolder) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.root.rglob("*.duckdb")):
        with duckdb.connect(file, read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                name = f'"{file.stem}"."{schema}"."{table}"'
                query = f"select distinct cast(each as varchar) from {name} as each"
                place = f"{file.relative_to(folder.root)} {schema}.{table}"
                yield from ((place, str(text)) for (text,) in connection.execute(query).fetchall())


def _postgres_rows(url: str) -> Iterator[tuple[str, str]]:
    with adbc.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"select distinct each::text from {table} as each")
            yield from ((str(table), str(text)) for (text,) in cursor.fetchall())


def _files(root: Path) -> Iterator[Path]:
    """What dbt wrote: compiled models, documents, logs."""
    return (file for file in sorted(root.rglob("*")) if file.is_file() and file.suffix != ".duckdb")


async def _objects(looked: PersonSearch, scene: Scene) -> None:
    """The curated table, cell by cell, and its commits."""
    async with Aws(scene.settings).s3() as s3:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=scene.settings.lake_bucket, Prefix="curated/")
        async for page in pages:
            for entry in page.get("Contents", ()):
                key: str = entry["Key"]
                answer = await s3.get_object(Bucket=scene.settings.lake_bucket, Key=key)
                looked.look("curated object", key, _text_of(key, await answer["Body"].read()))


def _text_of(key: str, body: bytes) -> str:
    if not key.endswith(".parquet"):
        return body.decode("utf-8", "replace")
    table: Any = pq.read_table(pa.BufferReader(body))
    return "\n".join(str(row) for row in table.to_pylist())
