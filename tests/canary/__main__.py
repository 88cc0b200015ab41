"""`make canary`: the whole suite, and its report; exit code 1 if a card number was found or not all was seen."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.canary.coverage import gaps
from tests.canary.report import lines
from tests.canary.run import run


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m tests.canary", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the numbers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="txn-canary-") as folder:
        evidence = asyncio.run(run(Path(folder), arguments.seed))
    print(*lines(evidence), sep="\n")
    if evidence.found:
        sys.exit("\n".join(["A card number was found in:", *evidence.found[:50]]))
    if missing := list(gaps(evidence)):
        sys.exit("\n".join(["The run proves too little:", *missing]))


if __name__ == "__main__":
    main()
