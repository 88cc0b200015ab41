"""dbt in a process that has a Spark session: one process, and one JVM, for a whole build.

Run by path by the Python of another environment (`requirements/spark.txt`), so this file imports nothing of ours:
`python -I spark_child.py DBT_ARGUMENT...`. The environment says where the tables are (`warehouse.run.spark_target`).
`dbt build` makes a new folder of tables. Every other command works on the newest build, whose tables it finds there;
views are in no folder, so they are made again first.

The catalogue lives as long as the process. All files are reached through Hadoop's file systems, so a folder may be
on a disk or wherever Spark has the jars for. Spark's own messages go to `logs/spark.log` beside dbt's log.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

CONFIGURATION = {
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.legacy.createHiveTableByDefault": "false",  # tables of Parquet: Hive's own lack the type TIMESTAMP_NTZ
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
LOCAL_CONFIGURATION = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
}


def main() -> None:
    """Run one command of dbt; the exit code is dbt's own."""
    arguments = sys.argv[1:]
    _log_to(Path("logs/spark.log"))
    place = os.environ["WAREHOUSE_SPARK_FOLDER"]
    is_build = "build" in arguments
    number = os.environ["WAREHOUSE_SPARK_NEXT" if is_build else "WAREHOUSE_SPARK_NEWEST"]
    tables = f"{place}/builds/{number}"
    with session(tables, os.environ) as spark:
        _delete(spark, f"{tables}/landing.db")  # the ledger as an earlier command on this build wrote it
        land(spark, place, os.environ["WAREHOUSE_SPARK_COLUMNS"])
        if is_build:
            sys.exit(run_dbt(arguments))
        register(spark, tables)
        views = ["--quiet", "run", "--select", "config.materialized:view", *_project_options(arguments)]
        sys.exit(run_dbt(views) or run_dbt(arguments))


@contextmanager
def session(tables: str, environment: Mapping[str, str]) -> Iterator[Any]:
    """A Spark session whose new tables lie in a folder, a folder `SCHEMA.db/TABLE` each."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only in the environment of Spark

    master = environment.get("WAREHOUSE_SPARK_MASTER", "")
    configuration = {**CONFIGURATION, "spark.sql.warehouse.dir": tables}
    builder = SparkSession.builder.appName("txn-warehouse")
    if master:
        builder = builder.master(master)
    if master.startswith("local"):
        configuration |= LOCAL_CONFIGURATION | {"spark.driver.memory": environment["WAREHOUSE_SPARK_MEMORY"]}
    for name, value in configuration.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


def land(spark: Any, place: str, columns: str) -> None:
    """Make `landing.positions` and `landing.objects` of what the landing's manifest names, and of nothing else."""
    loads = json.loads(_read(spark, f"{place}/landing/loads.json"))["loads"]
    spark.sql("create database landing")
    spark.sql(
        f"create table landing.positions ({columns}, load_id bigint) using parquet "
        f"partitioned by (load_id) location '{_quoted(f'{place}/landing/positions')}'"
    )
    for first in range(0, len(loads), 100):
        parts = (
            f"partition (load_id = {load['load_id']}) location '{_quoted(place)}/landing/positions/{load['folder']}'"
            for load in loads[first : first + 100]
        )
        spark.sql(f"alter table landing.positions add {' '.join(parts)}")
    ledger = [
        (name, load["load_id"], rows, digest, datetime.fromisoformat(load["loaded_at"]))
        for load in loads
        for name, rows, digest in load["commits"]
    ]
    form = "object_name string, load_id bigint, rows bigint, digest string, loaded_at timestamp_ntz"
    spark.createDataFrame(ledger, form).coalesce(1).createOrReplaceTempView("ledger")
    spark.sql("create table landing.objects using parquet as select * from ledger")


def register(spark: Any, tables: str) -> None:
    """Name the tables of a build in the session's catalogue; nothing is written."""
    for schema in _folders(spark, tables):
        if schema == "landing.db" or not schema.endswith(".db"):
            continue
        spark.sql(f"create database if not exists {schema.removesuffix('.db')}")
        for table in _folders(spark, f"{tables}/{schema}"):
            location = _quoted(f"{tables}/{schema}/{table}")
            spark.sql(f"create table {schema.removesuffix('.db')}.{table} using parquet location '{location}'")


def run_dbt(arguments: list[str]) -> int:
    """Run dbt in this process, where its adapter finds the session; gives 0, 1 when a node failed, 2 for less."""
    from dbt.cli.main import dbtRunner  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

    done = dbtRunner().invoke(arguments)
    if done.success:
        return 0
    return 1 if done.exception is None else 2


def _project_options(arguments: list[str]) -> list[str]:
    """Those of dbt's arguments that say where project, profile and artifacts are."""
    return arguments[arguments.index("--project-dir") :]


def _read(spark: Any, address: str) -> str:
    files, path = _hadoop(spark, address)
    stream = files.open(path)
    try:
        return str(spark.sparkContext._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))  # noqa: SLF001
    finally:
        stream.close()


def _folders(spark: Any, address: str) -> list[str]:
    files, path = _hadoop(spark, address)
    return sorted(each.getPath().getName() for each in files.listStatus(path) if each.isDirectory())


def _delete(spark: Any, address: str) -> None:
    files, path = _hadoop(spark, address)
    files.delete(path, True)


def _hadoop(spark: Any, address: str) -> tuple[Any, Any]:
    """The file system of an address, and its path there: pyspark has no public name for Hadoop's files."""
    context = spark.sparkContext
    path = context._jvm.org.apache.hadoop.fs.Path(address)  # noqa: SLF001
    return path.getFileSystem(context._jsc.hadoopConfiguration()), path  # noqa: SLF001


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _log_to(file: Path) -> None:
    """Have standard error, the JVM's too, written to a file of this run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    main()
