"""Instructions that a post takes, against a bare ASGI callable: `python -m bench.instructions` (needs valgrind).

Times change by a third with what else a machine does; what `bench.in_process` executes does not. Each application
runs twice under cachegrind, and the difference of the two runs is due to their requests. Valgrind knows no
instructions of the processor for SHA-256, so hashing weighs more here than it does in time.
"""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bench.in_process import APPLICATIONS

FEW, MANY = 1_000, 4_000
_COUNT: Final = re.compile(r"I\s+refs:\s+([0-9,]+)")


def main() -> None:
    """Count and print."""
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: it is in the distribution's package of that name")
    with ThreadPoolExecutor() as runs:
        counts = {name: [runs.submit(_counted, name, count) for count in (FEW, MANY)] for name in APPLICATIONS}
    each = {name: (many.result() - few.result()) // (MANY - FEW) for name, (few, many) in counts.items()}
    for name, count in each.items():
        print(f"{name:5} {count:9,} instructions a request  {count / each['bare']:5.2f} x bare")


def _counted(name: str, requests: int) -> int:
    tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [*tool, sys.executable, "-m", "bench.in_process", name, "--requests", str(requests)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = _COUNT.search(told)
    if found is None:
        raise RuntimeError("valgrind printed no count")
    return int(found[1].replace(",", ""))


if __name__ == "__main__":
    main()
