"""The sample file's rows in the curated form, as often as is asked, and a warehouse of them in a folder."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
from devkit.lake_maker import lake_of, sample_bodies

from txn_core.settings import Settings
from txn_core.transactions.instants import Instant
from warehouse.curated.raw_tables import raw_table
from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.curated.table import Append
from warehouse.curated.transformation import Transformation
from warehouse.dbt.environment import dbt_program
from warehouse.landing.landing_port import LoadBatch
from warehouse.run.building import Builder
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder

SAMPLE: Final = Path(__file__).parents[3] / "shared/data/kaggle_like_dev.csv.gz"
SLICE_ROWS: Final = 131_072
PUBLISHED: Final = "warehouse.duckdb"


def built(root: Path, replicas: int, *, memory: str = "4GB") -> Path:
    """A folder with the published warehouse of so many replicas, which is built where the folder has none."""
    if (root / PUBLISHED).is_file():
        return root
    root.mkdir(parents=True, exist_ok=True)
    folder = WarehouseFolder(root)
    target = DuckDbTarget(folder, Settings(warehouse_memory=memory))
    sample = curated_sample()
    with folder.locked(wait_s=0) as lock:
        landing = target.landing().open()
        for number in range(replicas):
            landing.load(batch(replica(sample, number), number + 1))
        landing.close()
        asyncio.run(Builder(target, dbt_program(), folder.work, lock).build_and_publish())
    return root


def batch(table: pa.Table, commit: int) -> LoadBatch:
    """A curated table as the rows of one commit, as a landing gets them: in slices."""
    column = pa.repeat(pa.scalar(commit, pa.int64()), table.num_rows)
    rows = table.set_column(0, CURATED_SCHEMA.field(0), column)
    append = Append(commit, rows.num_rows, Instant("2026-01-01T00:00:00.000000Z"), digest="")
    return LoadBatch((append,), partial(_slices, rows))


def curated_sample() -> pa.Table:
    """The sample file's rows as the curated table has them."""
    objects = lake_of(sample_bodies(SAMPLE), rows_per_object=40_000)
    with Transformation.open() as transformation:
        return pa.concat_tables([transformation.curated(raw_table(each.body), 1) for each in objects])


def replica(sample: pa.Table, number: int, *, new: int = 0) -> pa.Table:
    """The sample with other transactions, and but for number 0 with other cards and customers."""
    other = {
        "transaction_id": f"md5(transaction_id || '{number}/{new}')" if number or new else "transaction_id",
        "card_id": f"'card_1_' || md5(card_id || '{number}')" if number else "card_id",
        "customer_id": f"'cus_' || md5(customer_id || '{number}')" if number else "customer_id",
        "sequence_number": f"sequence_number || '{number:03d}{new}'",
    }
    columns = ", ".join(f"{other.get(name, name)} as {name}" for name in sample.column_names)
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        connection.register("sample", sample)
        return connection.execute(f"select {columns} from sample").to_arrow_table().cast(CURATED_SCHEMA)


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    return (table.slice(at, SLICE_ROWS) for at in range(0, table.num_rows, SLICE_ROWS))
