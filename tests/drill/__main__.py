"""Loses tables of a local stack and brings them back: `python -m tests.drill --rows 2000`.

Ends with 1 when something did not come back as it was.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.drill.drill import Drill, DrillError

ROWS = 2_000


def main() -> None:
    """Run the drill, and say after each step what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="txn-drill-") as folder:
        try:
            Drill(Path(folder), arguments.rows, say).run()
        except DrillError as error:
            say(f"FAILED: {error}")
            sys.exit(1)
    say("Everything came back.")


if __name__ == "__main__":
    main()
