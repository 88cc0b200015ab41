"""Measures the look-ups, into `bench/results/reads.json`: lists against the plain way, a walk while rows come in.

For the lists, what is measured stands on one core, the load and a stand-in for DynamoDB on the other. The walk is on
a local stack, which has the machine to itself.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from bench.reads import lists, walk
from bench.write_path import results
from bench.write_path.results import Result

RESULTS: Final = Path(__file__).parents[1] / "results" / "reads.json"
MEASURES: Final = ("lists", "walk")


def main() -> None:
    """Run what is asked for, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.reads", description=__doc__)
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    parser.add_argument("--rounds", type=int, default=7, help="of the lists")
    parser.add_argument("--seconds", type=int, default=4, help="of each timed run of the lists")
    parser.add_argument("--rows", type=int, default=100_000, help="of the walk")
    parser.add_argument(
        "--rate", type=float, help="single posts/s that the stack sustains, instead of looking for it"
    )
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=MEASURES)
    arguments = parser.parse_args()
    if missing and "lists" in arguments.only:
        parser.exit(
            2, f"missing: {', '.join(missing)}; install wrk and util-linux from the distribution's packages\n"
        )
    found: list[Result] = []
    if "lists" in arguments.only:
        found += lists.measure(arguments.rounds, arguments.seconds)
    if "walk" in arguments.only:
        found += walk.measure(arguments.rows, arguments.rate)
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


if __name__ == "__main__":
    main()
