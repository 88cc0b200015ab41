"""Measures the write path side by side with its peers, in interleaved rounds, into `bench/results/latest.json`.

What is measured stands on one core; the load and the Kinesis server have the other. Production defaults are on for
ours: authentication, limits, request ids, metrics. Ratios are medians over the rounds' ratios, or where the rounds of
both sides share nothing, ratios of medians. What is asked for by `--only` is written to `selected.json` beside it.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.write_path import bulk, counted, idle, memory, neighbour, noisy, posts, producer, results, soak, units
from bench.write_path.results import Result, tell
from bench.write_path.stage import Plan, Stage, prepared

ROUNDS: Final = 7
SECONDS: Final = 5
LINES: Final = 2_000_000
MINUTES: Final = 30
RESULTS: Final = Path(__file__).parents[1] / "results" / "latest.json"
SELECTED: Final = RESULTS.with_name("selected.json")  # so that a part does not take the place of the whole
MEASURES: Final[dict[str, Callable[[Stage, Plan], list[Result]]]] = {
    "posts": posts.measure,
    "idle": idle.measure,
    "bulk": bulk.measure,
    "units": units.measure,
    "memory": memory.measure,
    "isolation": lambda _stage, _plan: counted.measure("isolation"),
    "collector": lambda _stage, _plan: counted.measure("collector"),
    "neighbour": neighbour.measure,
    "noisy": noisy.measure,
    "producer": producer.measure,
    "soak": soak.measure,
}
ON_REQUEST: Final = frozenset({"soak"})


def main() -> None:
    """Run what is asked for, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.write_path", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each timed run")
    parser.add_argument("--lines", type=int, default=LINES, help="of the upload during which memory is watched")
    parser.add_argument("--minutes", type=int, default=MINUTES, help="of the soak")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASURES,
        default=[name for name in MEASURES if name not in ON_REQUEST],
        metavar="NAME",
        help=f"{', '.join(MEASURES)}; all but {', '.join(ON_REQUEST)} unless told",
    )
    arguments = parser.parse_args()
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        parser.exit(
            2, f"missing: {', '.join(missing)}; install wrk and util-linux from the distribution's packages\n"
        )
    plan = Plan(arguments.rounds, arguments.seconds, arguments.lines, arguments.minutes)
    found = asyncio.run(_measured(arguments.only, plan))
    print(results.table(found))
    results.write(found, RESULTS if set(arguments.only) >= MEASURES.keys() - ON_REQUEST else SELECTED)
    sys.exit(0 if all(result.ok for result in found) else 1)


async def _measured(names: list[str], plan: Plan) -> list[Result]:
    found: list[Result] = []
    async with prepared() as stage:
        for name in names:
            tell(f"measuring: {name}")
            found += await asyncio.to_thread(MEASURES[name], stage, plan)
    return found


if __name__ == "__main__":
    main()
