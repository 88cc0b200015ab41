"""Measures the insight service, into `bench/results/insight-pages.json` and `insight-beside.json`.

`pages`: how soon each picture is painted in a headless Chromium. `beside`: the latencies of posts beside 50 queries
at once, one of which does not end. The warehouse is the sample so many times; it is built where the folder has none,
and the time of its published file is changed.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.txn_api.browser.chromium import missing

from bench.insight import beside, pages
from bench.process_stats import prioritise
from bench.warehouse.replicas import built
from bench.write_path import results
from bench.write_path.stage import prepared

RESULTS: Final = Path(__file__).parents[1] / "results"
REPLICAS: Final = 24
ROUNDS: Final = {"pages": 10, "beside": 5}


def main() -> None:
    """Run a measure, print its table, write its file."""
    parser = argparse.ArgumentParser(prog="python -m bench.insight", description=__doc__)
    parser.add_argument("measure", choices=ROUNDS)
    parser.add_argument("--warehouse", type=Path, metavar="FOLDER", help="of the warehouse, to have it made once")
    parser.add_argument("--replicas", type=int, default=REPLICAS, help="of the sample's 213,230 rows")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} unless told")
    parser.add_argument("--seconds", type=int, default=12, help="of each timed run of `beside`")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="questions, or arrangements")
    arguments = parser.parse_args()
    if arguments.measure == "pages" and missing():
        print(f"not measured: {', '.join(missing())} is not on this machine")
        return
    tools = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if arguments.measure == "beside" and tools:
        parser.exit(2, f"missing: {', '.join(tools)}; install wrk and util-linux from the distribution's packages\n")
    rounds = arguments.rounds or ROUNDS[arguments.measure]
    with TemporaryDirectory(prefix="insight") as temporary:
        folder = built(arguments.warehouse or Path(temporary), arguments.replicas)
        asyncio.run(_measured(arguments, folder, rounds))


async def _measured(arguments: argparse.Namespace, folder: Path, rounds: int) -> None:
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"insight-{arguments.measure}.json"
    print(f"load of the machine at the beginning: {os.getloadavg()[0]:.1f}\n", flush=True)
    if arguments.measure == "beside":
        prioritise(beside.ELSEWHERE)
    async with prepared() as stage:
        if arguments.measure == "pages":
            figures = await asyncio.to_thread(pages.measure, stage, folder, rounds, arguments.only)
            print(pages.table(figures))
            file.write_text(json.dumps(pages.documents(figures), indent=1) + "\n")
            met = all(each.ok for each in figures)
        else:
            found = await asyncio.to_thread(beside.measure, stage, folder, rounds, arguments.seconds, arguments.only)
            print(results.table(found))
            results.write(found, file)
            met = all(each.ok for each in found)
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
