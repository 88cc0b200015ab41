"""Measures load and build on DuckDB, and prints CPU seconds: `python -m bench.warehouse` (`make bench-warehouse`).

The rows of the sample file are curated once, which is not measured. Then they are loaded and built whole; then 20,000
new rows of the same customers; then the same with the sample REPLICAS times, each with cards, customers and ids of
its own in the same months. CPU seconds are those of the measuring process and of its dbt child together. At both
sizes the twelve questions are asked as `txn sql` asks them: twice in a session, of which the second counts, in three
sessions, of which the best counts.
"""

import argparse
import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa

from bench.warehouse.replicas import batch, curated_sample, replica
from txn_core.settings import Settings
from warehouse.dbt.environment import dbt_program
from warehouse.questions.catalogue import Question, questions
from warehouse.run.building import Builder
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder
from warehouse.sql.asking import ask
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import open_duckdb
from warehouse.sql.reader_roles import Role

NEW_ROWS: Final = 20_000


def main() -> None:
    """Measure, and print a line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicas", type=int, default=24)
    parser.add_argument("--memory", default="4GB", help="what DuckDB may take")
    arguments = parser.parse_args()
    sample = curated_sample()
    few = measure(1, sample, arguments.memory)
    many = measure(arguments.replicas, sample, arguments.memory)
    print(f"20,000 new rows: {many / few:.2f} times as many CPU seconds on the larger warehouse (bar 1.5)")


def measure(replicas: int, sample: pa.Table, memory: str) -> float:
    """Load and build the sample so many times, then new rows; gives the CPU seconds of the latter."""
    with TemporaryDirectory(prefix="warehouse") as root:
        folder = WarehouseFolder(Path(root))
        target = DuckDbTarget(folder, Settings(warehouse_memory=memory))
        with folder.locked(wait_s=0) as lock:
            builder = Builder(target, dbt_program(), folder.work, lock)
            rows = f"{replicas * sample.num_rows:,} rows"
            step(f"{rows}, load and full build", builder, (replica(sample, n) for n in range(replicas)), 1)
            taken = []
            for number in (1, 2):
                new = replica(sample, 0, new=number).take(
                    pa.array(range(number, sample.num_rows, sample.num_rows // NEW_ROWS))[:NEW_ROWS]
                )
                taken.append(step(f"{rows}, {NEW_ROWS:,} new ones", builder, iter([new]), replicas + number))
            sizes = {path.name: path.stat().st_size >> 20 for path in sorted(folder.work.glob("*.duckdb"))}
            print(f"{rows}: MiB on disk {sizes}, and those that are published once more")
            print(f"{rows}, the twelve questions: {asked(folder, memory)}", flush=True)
            return min(taken)


def step(name: str, builder: Builder, tables: Iterator[pa.Table], number: int) -> float:
    """Load tables as commits from a number on, build and publish; prints and gives the CPU seconds."""
    loading = 0.0
    landing = builder.target.landing().open()
    for commit, table in enumerate(tables, number):  # what makes the tables is not measured
        before = cpu_s()
        landing.load(batch(table, commit))
        loading += cpu_s() - before
    landing.close()
    before, began = cpu_s(), time.monotonic()
    extent, _ = asyncio.run(builder.build_and_publish())
    building = cpu_s() - before
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10
    print(
        f"{name}: {loading + building:.1f} CPU s (load {loading:.1f}, build {extent} {building:.1f} in "
        f"{time.monotonic() - began:.0f} s), peak {peak:,} MiB",
        flush=True,
    )
    return loading + building


def asked(folder: WarehouseFolder, memory: str) -> str:
    """Seconds by the clock, and CPU seconds, of all questions together and of the dearest ones."""
    taken = {each.name: min((seconds(folder, memory, each) for _ in range(3)), key=sum) for each in questions()}
    clock, cpu = (sum(each[part] for each in taken.values()) for part in (0, 1))
    dearest = sorted(taken, key=lambda name: taken[name], reverse=True)[:4]
    each = ", ".join(f"{name} {taken[name][0]:.2f} s ({taken[name][1]:.2f} CPU s)" for name in dearest)
    return f"{clock:.2f} s ({cpu:.2f} CPU s) in sum; dearest: {each}"


def seconds(folder: WarehouseFolder, memory: str, question: Question) -> tuple[float, float]:
    """Seconds by the clock and CPU seconds of a question in a session that has answered it before."""
    with open_duckdb(folder.root, Role.ANALYST, Bounds(memory, 2, 600.0)) as reader:
        list(ask(reader, question)[0].rows)
        began, before = time.monotonic(), cpu_s()
        list(ask(reader, question)[0].rows)
        return time.monotonic() - began, cpu_s() - before


def cpu_s() -> float:
    """CPU seconds of this process and of its children that ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
