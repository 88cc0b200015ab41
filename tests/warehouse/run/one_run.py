"""One run as a process of its own, which tests kill: load some commits made by seed, build, publish.

Run as `python -m tests.warehouse.run.one_run SEED FOLDER DBT URL NUMBER...`; an empty URL is DuckDB. It says what it
begins to do, a line each.
"""

import asyncio
import sys
from pathlib import Path

from tests.warehouse.run.made_rows import made_commits
from tests.warehouse.run.warehouses import on_duckdb, on_postgres
from warehouse.run.folder import WarehouseFolder


def main(seed: int, folder: Path, dbt: Path, url: str, numbers: set[int]) -> None:
    """Run once."""
    commits = [each for each in made_commits(seed) if each.append.number in numbers]
    say("wait")
    with WarehouseFolder(folder).locked(wait_s=300) as lock:
        warehouse = on_postgres(url, folder, dbt, lock) if url else on_duckdb(folder, dbt, lock)
        with warehouse.builder.target.exclusively():
            say("load")
            if commits:
                warehouse.load(commits)
            say("build")
            asyncio.run(warehouse.build())
            say("end")


def say(step: str) -> None:
    """Say a step at once."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], set(map(int, sys.argv[5:])))
