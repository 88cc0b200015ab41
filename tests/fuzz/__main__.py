"""`make fuzz`: so many mutated requests of a seed; exit code 1 when anything was wrong."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from devkit.local_servers import servers_running

from tests.fuzz.run import GROWTH_MAX, Outcome, run
from tests.fuzz.site import site
from txn_cli.stack.datadir import DataDir


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first request, to repeat one that failed")
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.requests)
    started = time.perf_counter()
    outcome = asyncio.run(_run(arguments.seed, numbers))
    print(f"{len(numbers):,} requests of seed {arguments.seed} in {time.perf_counter() - started:,.0f} s")
    print(f"kinds: {dict(sorted(outcome.kinds.items()))}")
    print(f"answers by status (0: none): {dict(sorted(outcome.statuses.items()))}")
    course = " ".join(f"{mb:.0f}" for mb in outcome.resident_mb[:: max(1, len(outcome.resident_mb) // 20)])
    print(f"RSS MB on the way: {course}; second half's most against the first's: {outcome.growth():.3f}")
    print(f"log lines searched: {outcome.log_lines:,}; faults: {len(outcome.faults)}")
    if outcome.growth() > GROWTH_MAX:
        outcome.faults.append(f"memory grew by a factor of {outcome.growth():.2f}")
    if outcome.faults:
        sys.exit("\n".join(outcome.faults[:50]))


async def _run(seed: int, numbers: range) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="txn-fuzz-") as folder:
        async with (
            servers_running(DataDir.at(Path(folder) / "servers")) as endpoints,
            site(endpoints, Path(folder)) as place,
        ):
            return await run(place, seed, numbers)


if __name__ == "__main__":
    main()
