"""docs/lake.md says what the schema says; its statements are of their engines' grammars, and one of them is run."""

import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from tests.support.memory_objects import at_once
from tests.warehouse.curated.lakes import PLACE, adverse_lake, memory_lake, rows_of, table_in
from txn_core.lake.columns import RAW_SCHEMA
from txn_core.positions import Position, WriteOrder
from txn_core.transactions.instants import Instant
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.schema import CURATED_COLUMNS, CURATED_SCHEMA, VAULT_COLUMNS, Column

DOCUMENT = Path(__file__).parents[3] / "docs" / "lake.md"
TYPES = {
    "int64": "bigint",
    "string": "string",
    "timestamp[us, tz=UTC]": "timestamp",
    "double": "double",
    "bool": "boolean",
}
RAW = [(field.name, TYPES.get(str(field.type), "array<string>")) for field in RAW_SCHEMA]
CURATED = [(each.name, each.type.replace("text", "string")) for each in CURATED_COLUMNS]
STATEMENTS = {
    "Raw in Athena": ("athena", RAW),
    "Raw in Spark": ("spark", [*RAW, ("dt", "date"), ("hr", "int")]),
    "The curated table in Athena": ("athena", CURATED),
    "The curated table in Spark": ("spark", [(n, t.replace("timestamp", "timestamp_ntz")) for n, t in CURATED]),
    "The curated table in Redshift": ("redshift", [(n, t.replace("string", "varchar(1020)")) for n, t in CURATED]),
}


def sections() -> dict[str, str]:
    parts = re.split(r"^##+ (.+)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sql_of(section: str) -> str:
    (found,) = re.findall(r"```sql\n(.*?)```", sections()[section], re.DOTALL)
    return str(found)


def table_rows(section: str) -> list[list[str]]:
    lines = [line for line in sections()[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def as_documented(column: Column) -> list[str]:
    source = column.source if " " in column.source and "*" not in column.source else f"`{column.source}`"
    kind = column.type + (", null" if column.nullable else "")
    return [f"`{column.name}`", kind, source.replace(", ", "`, `"), column.meaning]


def test_the_tables_of_columns_are_those_of_the_schema() -> None:
    assert [row[:2] for row in table_rows("Raw")] == [[f"`{name}`", kind] for name, kind in RAW]
    assert all(len(row) == 3 and row[2] for row in table_rows("Raw"))
    assert table_rows("Curated") == [as_documented(column) for column in CURATED_COLUMNS]
    assert table_rows("The vault") == [as_documented(column) for column in VAULT_COLUMNS]


@pytest.mark.parametrize("section", STATEMENTS)
def test_each_table_of_an_engine_has_the_columns_in_their_order(section: str) -> None:
    dialect, expected = STATEMENTS[section]
    statement = sqlglot.parse_one(sql_of(section), dialect=dialect)
    assert isinstance(statement, exp.Create)
    columns = [each for each in statement.this.expressions if isinstance(each, exp.ColumnDef)]
    names = "hive" if dialect == "athena" else dialect  # whose DDL Athena has
    found = [(each.name, each.args["kind"].sql(names).lower()) for each in columns]
    assert found == expected


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "redshift", "athena", "trino", "spark"])
def test_the_rule_of_the_first_write_is_of_every_grammar(dialect: str) -> None:
    statement = sqlglot.parse_one(sql_of("Which write counts"), dialect=dialect)
    assert not list(statement.find_all(exp.Command, exp.Anonymous))


async def test_the_rule_of_the_first_write_is_the_services_own() -> None:
    store = memory_lake(adverse_lake())
    await curate(store, table_in(store), CommitLimits(), at_once)
    rows = await rows_of(store)
    writes: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        writes[row["account"], row["transaction_id"]].append(row)
    expected = [min(each, key=order_of) for each in writes.values()]
    assert len(expected) < len(rows)
    with duckdb.connect() as connection:
        connection.register("curated_transactions", pa.Table.from_pylist(rows, CURATED_SCHEMA))
        found = connection.execute(sql_of("Which write counts")).to_arrow_table().select(PLACE).to_pylist()
    assert {tuple(row.values()) for row in found} == {tuple(row[name] for name in PLACE) for row in expected}


def order_of(row: dict[str, Any]) -> str:
    accepted_at = Instant(f"{row['accepted_at'].isoformat(timespec='microseconds')}Z")
    return WriteOrder.of(accepted_at, Position(*(row[name] for name in PLACE))).text


def test_sequence_numbers_are_ordered_as_integers() -> None:
    """By what the rule says of them: the length, then the text."""
    numbers = ["9", "10", "99899", "100000", "49590338271490256608559692538361571095921575989136588898"]
    ordered = [WriteOrder.of(Instant("2026-01-01T00:00:00.000000Z"), Position("s", number)) for number in numbers]  # type: ignore[arg-type]
    for (one, other), (text, next_text) in zip(pairwise(ordered), pairwise(numbers), strict=True):
        assert one < other
        assert (len(text), text) < (len(next_text), next_text)


async def test_duckdb_reads_the_files_of_the_list(tmp_path: Path) -> None:
    store = memory_lake(adverse_lake())
    await curate(store, table_in(store), CommitLimits(), at_once)
    (key,) = (await table_in(store).snapshot()).files
    file = tmp_path / "x.parquet"
    file.write_bytes(store.objects[key])
    query = re.sub(r"'lake/[^']*'", f"'{file}'", sql_of("The curated table in DuckDB"))
    with duckdb.connect() as connection:
        found = connection.execute(query).fetchall()
    rows = await rows_of(store)
    ids = {(row["currency"], row["account"], row["transaction_id"]) for row in rows}
    for currency, positions, transactions in found:
        assert positions == sum(row["currency"] == currency for row in rows)
        assert transactions == sum(each[0] == currency for each in ids)
    assert {each[0] for each in found} == {"USD", "JPY", "KWD"}
