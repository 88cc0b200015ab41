"""`make abuse`: a search of so many seconds for each target; exit code 1 when anything is over its bar."""

import argparse
import sys

from tests.abuse.climbing import climb
from tests.abuse.targets import TARGETS


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--target", choices=[*TARGETS], action="append", help="all of them by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="of all targets together")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    names = arguments.target or [*TARGETS]
    is_over = False
    for name in names:
        target = TARGETS[name]()
        print(f"{name}: at most {target.bar} x what is due, seed {arguments.seed}")
        report = climb(target, seconds=arguments.seconds / len(names), seed=arguments.seed)
        print(*report.lines(), sep="\n", flush=True)
        is_over = is_over or bool(report.over)
    sys.exit(is_over)


if __name__ == "__main__":
    main()
