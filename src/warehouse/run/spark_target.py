"""Spark: tables as Parquet files in a folder, whole with each build, which dbt makes in a Spark session.

Landing, ledger and counts need no Spark: they are files that this process reads and writes. So a JVM starts only when
there is something to build, once for a build.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from txn_core.settings import Settings
from warehouse.curated.schema import CURATED_COLUMNS
from warehouse.landing.landing_port import Landing
from warehouse.landing.parquet_landing import ParquetLanding
from warehouse.landing.table_place import TablePlace
from warehouse.run.built_state import Rows, built_of, counts_of
from warehouse.run.targets import Built, Counts
from warehouse.spark.spark_builds import Builds

CHILD: Final = Path(__file__).parents[1] / "spark/spark_child.py"
SCRIPT: Final = ("-I", str(CHILD))
"""What the Python of Spark's environment runs in the place of `dbt`."""
BATCH_ROWS: Final = 100_000
_TYPES: Final = {"bigint": "bigint", "text": "string", "timestamp": "timestamp_ntz", "boolean": "boolean"}


class SparkTarget:
    """The tables of a folder.

    Args:
        folder: where they are when TXN_WAREHOUSE_SPARK_FOLDER names nothing.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        address = settings.warehouse_spark_folder or str(folder.absolute())
        self.place = TablePlace.at(address, s3_url=settings.s3_endpoint_url, region=settings.aws_region)
        self.builds, self._settings = Builds(self.place), settings

    @property
    def name(self) -> str:
        """See `Target`."""
        return "spark"

    @property
    def environment(self) -> Mapping[str, str]:
        """See `Target`; read by `spark_child.py`. A build gets a folder that no other one has begun."""
        settings = self._settings
        named = {"SPARK_CONF_DIR": str(settings.warehouse_spark_conf)} if settings.warehouse_spark_conf else {}
        local = {"SPARK_LOCAL_IP": "127.0.0.1"} if settings.warehouse_spark_master.startswith("local") else {}
        return {
            "WAREHOUSE_SPARK_FOLDER": self.place.address,
            "WAREHOUSE_SPARK_NEXT": self.builds.next(),
            "WAREHOUSE_SPARK_NEWEST": self.builds.newest() or "",
            "WAREHOUSE_SPARK_COLUMNS": ", ".join(f"{each.name} {_TYPES[each.type]}" for each in CURATED_COLUMNS),
            "WAREHOUSE_SPARK_MASTER": settings.warehouse_spark_master,
            "WAREHOUSE_SPARK_MEMORY": settings.warehouse_memory.lower().removesuffix("b"),
            **named,
            **local,
        }

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """See `Target`. In S3 nothing keeps others out, but builds have folders of their own."""
        with self.place.locked(wait_s=self._settings.warehouse_wait_s):
            yield

    def landing(self) -> Landing:
        """See `Target`."""
        return ParquetLanding(self.place, wait_s=self._settings.warehouse_wait_s)

    def built(self) -> Built:
        """See `Target`."""
        with self._rows() as rows:
            return replace(built_of(rows), by_parts=False)

    def counts(self) -> Counts:
        """See `Target`."""
        with self._rows() as rows:
            return counts_of(rows)

    def has_table(self, schema: str, table: str) -> bool:
        """See `Target`."""
        query = f"select 1 from information_schema.tables where table_schema = '{schema}' and table_name = '{table}'"
        with self._rows() as rows:
            return bool(rows(query))

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """See `Target`."""
        own = query.format_map({name: name for name in ("landing", "star", "meta", "oltp")})
        with self.builds.session() as connection:
            yield from connection.execute(own).to_arrow_reader(BATCH_ROWS)

    def publish(self) -> bool:
        """See `Target`: one object names the build that is to be read."""
        newest = self.builds.newest()
        if newest is None or newest == self.builds.published():
            return False
        self.builds.publish(newest)
        return True

    @contextmanager
    def _rows(self) -> Iterator[Rows]:
        with self.builds.session() as connection:

            def rows(query: str) -> list[tuple[Any, ...]]:
                return connection.execute(query).fetchall()

            yield rows
