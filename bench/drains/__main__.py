"""Measures the drains, into `bench/results/drains.json`: the workers against their limits, then a local stack.

The limits are measured on one core, the servers on the other, in CPU time of this process, in interleaved rounds
where there is a peer: the local DynamoDB is slower than its client. Ratios are medians over the rounds' ratios. On
the local stack all share the machine, and kinesalite and dynalite are slower than our own processes: its rates say
what this machine's stack can do, not what the workers can.
"""

import argparse
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import uvloop

from bench.drains import archive, index, shard, whole
from bench.write_path import results
from bench.write_path.results import Result, tell
from txn_core.startup import freeze_startup_objects

RESULTS: Final = Path(__file__).parents[1] / "results" / "drains.json"
LIMITS: Final[dict[str, Callable[[int], Coroutine[Any, Any, list[Result]]]]] = {
    "archive": archive.measure,
    "index": index.measure,
    "shard": shard.measure,
}
ON_STACK: Final = ("latency", "backlog", "sink", "tables")


def main() -> None:
    """Run what is asked for, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.drains", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of archive and index; shard is one run of a minute")
    parser.add_argument("--minutes", type=float, default=5.0, help="that the workers or a sink are down")
    parser.add_argument("--rate", type=float, help="L, posts/s, instead of looking for it")
    parser.add_argument("--only", nargs="+", choices=[*LIMITS, *ON_STACK], default=[*LIMITS, *ON_STACK])
    arguments = parser.parse_args()
    found: list[Result] = []
    freeze_startup_objects()  # as a worker's process does
    for name, measure in LIMITS.items():
        if name in arguments.only:
            tell(f"measuring: {name}")
            found += uvloop.run(measure(arguments.rounds))  # as workers run
    if wanted := [name for name in ON_STACK if name in arguments.only]:
        found += whole.measure(wanted, rate=arguments.rate, minutes=arguments.minutes)
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


if __name__ == "__main__":
    main()
