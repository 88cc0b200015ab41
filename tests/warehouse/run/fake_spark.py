"""In the place of Spark's Python: builds what it is asked to build, as Parquet files that say what the landing holds.

`fake_spark.py -I spark_child.py DBT_ARGUMENT...`, with the environment of the real one. It reads the landing as the
manifest names it, and writes the facts and the two tables of `meta`, in the order in which dbt builds them. The file
`fault` beside the tables names a step to be killed before, or `fail` for a test that finds rows.
"""

import json
import os
import signal
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    """Build, or end where a fault says."""
    root = Path(os.environ["WAREHOUSE_SPARK_FOLDER"])
    fault = (root / "fault").read_text() if (root / "fault").exists() else ""
    with (root / "commands").open("a") as commands:
        commands.write(json.dumps(sys.argv[3:]) + "\n")
    if "build" not in sys.argv:
        tables = root / "builds" / os.environ["WAREHOUSE_SPARK_NEWEST"]
        sys.exit(0 if (tables / "star.db/fact_transactions").is_dir() and fault != "fail" else 1)
    loads = json.loads((root / "landing/loads.json").read_text())["loads"]
    rows = sum(pq.read_metadata(root / f"landing/positions/{load['folder']}/rows.parquet").num_rows for load in loads)
    tables = root / "builds" / os.environ["WAREHOUSE_SPARK_NEXT"]
    newest = max(load["load_id"] for load in loads)
    loaded = [
        {"object_name": name, "load_id": load["load_id"], "rows": count, "loaded_at": load["loaded_at"]}
        for load in loads
        for name, count, _ in load["commits"]
    ]
    run = {"run_id": "r", "to_load_id": newest, "models": os.environ["TXN_WAREHOUSE_MODELS"]}
    built = [("star", "fact_transactions", [{"writes": rows}]), ("meta", "loaded", loaded), ("meta", "run", [run])]
    for schema, table, content in built:
        if fault == table:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "fail" and table == "run":
            sys.exit(1)
        _write(tables / f"{schema}.db" / table, content)


def _write(folder: Path, content: list[dict[str, object]]) -> None:
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(content), folder / "part-0.snappy.parquet")
    (folder / "_SUCCESS").touch()


if __name__ == "__main__":
    main()
