"""`make fuzz-http`: so many sequences of a seed, in several processes; exit code 1 when anything was wrong."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.http.judging.report import told
from tests.http.judging.rules import RULES
from tests.http.quiet import log_nothing
from tests.http.run import Outcome, run
from tests.http.sequences import kinds

BLOCK: int = 500
FAULTS_MAX: int = 20


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m tests.http", description=__doc__)
    parser.add_argument("--sequences", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first sequence, to repeat one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.sequences)
    blocks = [numbers[place : place + BLOCK] for place in range(0, len(numbers), BLOCK)]
    outcome, started = Outcome(), time.perf_counter()
    with ProcessPoolExecutor(arguments.processes, initializer=log_nothing) as pool:
        for block in as_completed([pool.submit(run, arguments.seed, block) for block in blocks]):
            outcome.add(block.result())
            if outcome.sequences % (20 * BLOCK) == 0:
                print(f"{outcome.sequences:,} sequences, {time.perf_counter() - started:,.0f} s", flush=True)
            if len(outcome.faults) >= FAULTS_MAX:
                pool.shutdown(cancel_futures=True)
                break
    _report(outcome, time.perf_counter() - started)


def _report(outcome: Outcome, took_s: float) -> None:
    print(f"answers by status: {dict(sorted(outcome.statuses.items()))}")
    print("sequences by rule: " + ", ".join(f"{rule.name} {outcome.touched[rule.name]:,}" for rule in RULES))
    names = list(kinds())
    rarest = min(names, key=lambda name: outcome.kinds[name])
    print(
        f"mutations: {len(names)} kinds, {sum(outcome.kinds[name] for name in names):,} in all; "
        f"the rarest is {rarest!r}, {outcome.kinds[rarest]:,} times"
    )
    for fault in outcome.faults:
        print(told(fault))
    differences = sum(bool(fault.differences) for fault in outcome.faults)
    violations = sum(bool(fault.violations) for fault in outcome.faults)
    print(
        f"{outcome.sequences:,} sequences in {took_s:,.0f} s: {outcome.answers:,} answers, "
        f"{outcome.stored:,} stored, {differences} unexplained differences, {violations} violations of the invariant"
    )
    sys.exit(1 if outcome.faults else 0)


if __name__ == "__main__":
    main()
