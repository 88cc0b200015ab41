"""The producer alone, without HTTP: CPU a record against the other producers for Python, on the same stream."""

import os
import subprocess
import sys
from typing import Final

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.producer_run import PRODUCERS, RECORD_BYTES, RECORDS, WINDOW
from bench.write_path.results import Result, at_most, compared, tell
from bench.write_path.stage import Plan, Stage

RUN_S_MAX: Final = 120
MEASURE: Final = (
    f"producer alone, CPU us a record of {RECORD_BYTES} bytes ({RECORDS:,} keys, {WINDOW:,} outstanding) against "
)


def measure(_: Stage, plan: Plan) -> list[Result]:
    """Each producer in turn in a process of its own on the measured core, round by round."""
    cpu_us: dict[str, list[float]] = {name: [] for name in PRODUCERS}
    for number in range(plan.rounds):
        for name, figures in cpu_us.items():
            figures.append(_run(name))
            tell(f"producer round {number + 1} {name:13} {figures[-1]:6.1f} us of CPU a record")
    return [
        compared(MEASURE + "aiokpl", cpu_us["ours"], cpu_us["aiokpl"], at_most(1 / 10), by="CPU"),
        # No bar is set for this one: ours must be the cheaper of the two, although it gives a result a record.
        compared(MEASURE + "async-kinesis", cpu_us["ours"], cpu_us["async-kinesis"], at_most(1), by="CPU"),
    ]


def _run(name: str) -> float:
    command = [sys.executable, "-m", "bench.write_path.producer_run", name]
    with pinned(servers.MEASURED_CORE):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=RUN_S_MAX, env=os.environ)
    return float(done.stdout.split()[-1])  # behind what was logged
