"""Where the `txn` command begins. A health check is answered here, before the framework of commands is imported.

The framework and what it brings take half a second of CPU on a small machine, and a container asks twice a minute.
"""

import os
import signal
import sys
from typing import Final

SERVING: Final = frozenset({"api", "insight", "worker"})
"""The commands that run until SIGTERM, and then end with 0."""


def main() -> None:
    """Run the command line of this process."""
    if os.getpid() == 1 and SERVING.intersection(sys.argv[1:2]):
        # The kernel drops a signal of process 1 that has no handler. Until the process has its own, nothing is begun.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    match sys.argv[1:]:
        case ["health", *rest] if _is_usual(rest):
            from txn_cli.health import run  # noqa: PLC0415 - not for other commands

            sys.exit(run(rest[0] if rest else None))
        case _:
            from txn_cli.main import main as run_any  # noqa: PLC0415 - not for a health check

            run_any()


def _is_usual(rest: list[str]) -> bool:
    """Whether nothing or one word stands behind `health`. Options and wrong words are the framework's affair."""
    return len(rest) <= 1 and all(word in {"api", "worker", "insight"} for word in rest)


if __name__ == "__main__":
    main()
