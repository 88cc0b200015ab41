"""`make fuzz-contract`: schemathesis, all checks and all phases, against a local stack with a valid key."""

import argparse
import subprocess

from tests.contract.stack import DOCUMENT, ROOT, TOOLS, a_stack, run

# A second one would parse source in a thread of its own, which CPython 3.11 now and then ends in "AST constructor
# recursion depth mismatch": how deep it is, it counts for all threads together (python/cpython#106905).
WORKERS = 1
# Hypothesis gives up when most of what it draws is thrown away, as is all that is to be an invalid upload: whose body
# is any octets. That says nothing about the service.
PATIENCE = ("--suppress-health-check", "filter_too_much")
# Its answer goes on until its client leaves.
ENDLESS = ("--exclude-path", "/cases/events")


def main() -> None:
    """Run for as long as was asked for; a failure of any check ends with its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="how long to go on")
    parser.add_argument("rest", nargs="*", help="further arguments of schemathesis, behind --")
    arguments = parser.parse_args()
    with a_stack() as stack:
        bounds = ("--max-time", str(arguments.seconds), "--workers", str(WORKERS))
        where = ("--url", stack.ready["api_url"], "--header", f"Authorization: Bearer {stack.ready['api_key']}")
        judged = (
            "--checks",
            "all",
            "--phases",
            "examples,coverage,fuzzing,stateful",
            *PATIENCE,
            *ENDLESS,
            "--continue-on-failure",
        )
        try:
            run(TOOLS / "schemathesis", "run", DOCUMENT, *where, *judged, *bounds, *arguments.rest, folder=ROOT)
        except subprocess.CalledProcessError as error:
            parser.exit(error.returncode)


if __name__ == "__main__":
    main()
