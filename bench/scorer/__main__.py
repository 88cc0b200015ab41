"""Measures the scorer, into `bench/results/scorer.json`: `python -m bench.scorer --only NAME ...`.

speed      transactions a CPU second of the processor, with stores that cost nothing and 50 rules
units      write units a transaction, bytes of a score, and bytes of packed histories, on rows of the sample
memory     the memory of a scorer that has 100,000 cards in its hands
features   rows a CPU second whose features are computed, and what 5 million rows would take
served     what a model of the sample does of served scores, against `txn train`; late rows and a reshard
latency    202 to the alert by GET at 50 transactions/s, on a local stack
index      the rate of the index with the scorer beside it, against without
risk       GET /transactions/{id} with its risk, against without
idle       the share of a core that a scorer takes which has nothing to do
"""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from bench.scorer import features, idle, index, latency, memory, risk, served, speed, units
from bench.write_path import results
from bench.write_path.results import Result, tell
from txn_core.startup import freeze_startup_objects

RESULTS: Final = Path(__file__).parents[1] / "results" / "scorer.json"


def main() -> None:
    """Measure what is asked for, print the table, write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scorer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7, help="of speed, index and risk")
    measures: dict[str, Callable[[int], list[Result]]] = {
        "speed": speed.measure,
        "units": lambda _: units.measure(),
        "memory": lambda _: memory.measure(),
        "features": lambda _: features.measure(),
        "served": lambda _: served.measure(),
        "latency": lambda _: latency.measure(),
        "index": index.measure,
        "risk": risk.measure,
        "idle": lambda _: idle.measure(),
    }
    parser.add_argument("--only", nargs="+", choices=measures, default=list(measures))
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    freeze_startup_objects()  # as a worker's process does
    found: list[Result] = []
    for name in arguments.only:
        tell(f"measuring: {name}")
        found += measures[name](arguments.rounds)
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


if __name__ == "__main__":
    main()
