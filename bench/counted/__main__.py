"""What can be counted of the API, in this process and without servers: `python -m bench.counted` (four minutes).

idle       what our code does for a lone post, against the tutorials' way
isolation  what a quiet key's post waits for beside a bad neighbour, and records beside a shard in trouble
worst      the same in CPU time, beside keys that do their worst, WORST_SECONDS=3 each
collector  what requests leave to the garbage collector
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Final

import structlog
from pydantic import TypeAdapter

from bench.counted import garbage, isolation, lone, worst
from bench.write_path.results import Result, table, tell

MEASURES: Final[dict[str, Callable[[], Iterator[Result]]]] = {
    "idle": lone.measure,
    "isolation": isolation.measure,
    "worst": worst.measure,
    "collector": garbage.measure,
}


def main() -> None:
    """Count what is asked for, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.counted", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MEASURES)}; all unless told")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MEASURES]
    if unknown:
        parser.error(f"no such measure: {', '.join(unknown)}")
    # As in production, but for what a refused request says there.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found: list[Result] = []
    for name in arguments.names or MEASURES:
        for result in MEASURES[name]():
            tell(f"{name}: {result.measure}: {result.ours:,.4g}")
            found.append(result)
    print(TypeAdapter(list[Result]).dump_json(found).decode() if arguments.json else table(found))
    sys.exit(0 if arguments.json or all(result.ok for result in found) else 1)


if __name__ == "__main__":
    main()
