"""Builds the models and asks the questions in one Spark session, run by the Python of `.venv/spark`.

`python -m devkit.engines.spark_build FOLDER`: the folder holds `landing/positions` and `landing/objects` as Parquet,
and gets `rows/`, a file for each table and answer. dbt runs in this process, so that it takes the session that is
there. Whole tables are built: partial builds need a table format that plain files do not have.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from devkit.table_rows import TableRows

WAREHOUSE: Final = Path(__file__).parents[2] / "src/warehouse"
MODELS: Final = WAREHOUSE / "models"


def main() -> None:
    """Build, and keep what was built; ends with 1 when a model or a test failed."""
    folder = Path(sys.argv[1])
    with _session(folder) as spark:
        _land(spark, folder)
        if not _built(folder):
            sys.exit(1)
        kept = folder / "rows"
        kept.mkdir()
        for table in sorted(
            f"{file.parent.name}.{file.stem}" for part in ("star", "marts") for file in (MODELS / part).glob("*.sql")
        ):
            _rows(spark, f"select * from {table}").write(kept / f"{table}.jsonl")
        for question in sorted((WAREHOUSE / "questions").glob("q*.sql")):
            _rows(spark, question.read_text(encoding="utf-8"), ordered=True).write(kept / f"{question.stem}.jsonl")


@contextmanager
def _session(folder: Path) -> Iterator[Any]:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only in the environment of Spark

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.warehouse.dir", str(folder / "tables"))
        .config("spark.sql.catalogImplementation", "in-memory")
        .config("spark.sql.legacy.createHiveTableByDefault", "false")  # tables of Parquet: Hive's own lack the type
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.timestampType", "TIMESTAMP_NTZ")
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    try:
        yield spark
    finally:
        spark.stop()


def _land(spark: Any, folder: Path) -> None:
    spark.sql("create database landing")
    for table in ("positions", "objects"):
        spark.read.parquet(str(folder / "landing" / table)).write.saveAsTable(f"landing.{table}")


def _built(folder: Path) -> bool:
    from dbt.cli.main import dbtRunner  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

    places = [
        "--project-dir",
        MODELS,
        "--profiles-dir",
        MODELS,
        "--target-path",
        folder / "target",
        "--log-path",
        folder / "logs",
    ]
    done = dbtRunner().invoke(["build", "--quiet", "--target", "spark", *(str(part) for part in places)])
    return bool(done.success)


def _rows(spark: Any, sql: str, *, ordered: bool = False) -> TableRows:
    answer = spark.sql(sql)
    return TableRows.of(answer.columns, (tuple(row) for row in answer.collect()), ordered=ordered)


if __name__ == "__main__":
    main()
