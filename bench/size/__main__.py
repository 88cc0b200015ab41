"""The whole data set on `txn up`: `make bench-size` (`ROWS=` for a part), into `bench/results/size.json`.

As many rows as fraudTrain.csv and fraudTest.csv have together, simulated with as many cards and merchants, are
loaded, indexed, archived and verified. Meanwhile the disk of the data folder and the memory of all processes are
watched.
"""

import argparse
import asyncio
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from devkit.running_stack import running_stack

from bench.drains.views import count_items, count_rows
from bench.size.kaggle_merchants import kaggle_merchants
from bench.size.tenths import rates
from bench.size.watch import Watch
from bench.write_path import results
from bench.write_path.results import Result, at_least, at_most, compared, none_of, tell
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

RESULTS: Final = Path(__file__).parents[1] / "results" / "size.json"
ROWS: Final = 1_852_394  # fraudTrain.csv 1,296,675, fraudTest.csv 555,719
CARDS: Final = 999
SEED: Final = 7
DISK_BYTES_MAX: Final = 5e9
MEMORY_BYTES_MAX: Final = 3e9
INDEX_ROWS_PER_S_MIN: Final = 600.0
VERIFY_ROWS_PER_S_MIN: Final = 10_000.0
ROWS_PER_S_MIN: Final = 100.0  # slower than that is given up
START_S: Final = 120.0


def main() -> None:
    """Measure, print the table, write the file. Ends with 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.size", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help="where the stack and the rows lie, instead of a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        found = measure(Path(folder), arguments.rows)
    print(f"Python {platform.python_version()}, {arguments.rows:,} rows\n")
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


def measure(folder: Path, rows: int) -> list[Result]:
    """Load, wait, count and verify so many rows on a stack of their own."""
    file = folder / "rows.csv"
    make_rows(file, rows)
    s_max = START_S + rows / ROWS_PER_S_MIN
    with running_stack(folder / "data", folder / "up.log") as stack, Watch(stack, rows) as watch:
        loaded = stack.txn("load", str(file), s_max=s_max)
        tell(f"loaded at {loaded['accepted'] / loaded['seconds']:,.0f} rows/s")
        stack.wait_caught_up(s_max)
        began = time.perf_counter()
        report = stack.txn("verify", str(file), s_max=s_max)
        verify_s = time.perf_counter() - began
        items, (_, archived) = asyncio.run(count_items(stack)), asyncio.run(count_rows(stack))
    return [
        none_of("rows that were not accepted", rows - loaded["accepted"]),
        none_of("rows that the index lacks", rows - items[0]),
        none_of("rows that the lake lacks", rows - archived),
        *_faults(report),
        *_rates(watch.indexed, rows),
        compared("verify, rows/s", [rows / verify_s], [VERIFY_ROWS_PER_S_MIN], at_least(1)),
        compared("peak disk, GB", [watch.peak_disk_bytes / 1e9], [DISK_BYTES_MAX / 1e9], at_most(1), by="memory"),
        compared(
            "peak memory of all processes, GB",
            [watch.peak_memory_bytes / 1e9],
            [MEMORY_BYTES_MAX / 1e9],
            at_most(1),
            by="memory",
        ),
        *watch.shares(),
    ]


def make_rows(file: Path, rows: int) -> None:
    """Write the rows, one at a time."""
    made = simulate_rows(rows=rows, cards=CARDS, seed=SEED, merchants=kaggle_merchants())
    with file.open("w", newline="") as lines:
        write_rows(made, lines)
    tell(f"made {rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB")


def _faults(report: dict[str, Any]) -> list[Result]:
    names = ("missing_in_index", "different_in_index", "missing_in_lake", "duplicated_in_lake")
    return [none_of(f"verify: {name.replace('_', ' ')}", report[name]) for name in names]


def _rates(indexed: Sequence[tuple[float, float]], rows: int) -> list[Result]:
    tenths = rates(indexed, rows)
    named = [("index over all", rows / (sum(rows / 10 / rate for rate in tenths)))]
    named += [(f"index, tenth {number}", rate) for number, rate in enumerate(tenths, start=1)]
    return [compared(f"{name}, rows/s", [rate], [INDEX_ROWS_PER_S_MIN], at_least(1)) for name, rate in named]


if __name__ == "__main__":
    main()
