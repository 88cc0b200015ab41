"""Runs our own rules on our code: `python -m tests.lint`. Exit code 1 when one is broken."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.lint.card_values import Leak, leaks_below
from tests.lint.terminal import Bypass, bypasses_below

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("src", "bench", "devkit")
# File, function and sink of each place where one may, with the reason. One that is not needed any more is refused.
ALLOWED: Final[dict[tuple[str, str, str], str]] = {
    (
        "src/txn_core/card_numbers/pan.py",
        "mask",
        "an f-string",
    ): "the mask itself, whose lengths are tested one by one",
    ("bench/write_path/peers.py", "_record", "str()"): (
        "a peer that is measured; it hashes the number, of made-up cards, as its users would"
    ),
}

# The same of each place that goes past the door to the terminal.
BYPASSES: Final[dict[tuple[str, str, str], str]] = {
    ("src/txn_cli/terminal.py", "say", "print()"): "the door itself",
    ("src/txn_cli/terminal.py", "say", "sys.stdout"): "the door itself",
    ("src/txn_cli/terminal.py", "say", "sys.stderr"): "the door itself",
    ("src/txn_cli/terminal.py", "ask", "confirm()"): "the door itself",
    ("src/txn_cli/terminal.py", "finish_output", "sys.stdout"): "the door itself",
    ("src/txn_cli/commands/leases.py", "confirm", "confirm()"): "a question of ours, in a fixed text",
    ("src/txn_cli/commands/data.py", "simulate", "sys.stdout"): "its descriptor is turned away from a closed pipe",
    ("src/txn_cli/simulator/output.py", "opened", "sys.stdout"): "rows that we made ourselves, for another program",
    ("src/txn_server/processes/folder.py", "socket_folder", "print()"): "into a lock file",
    (
        "src/txn_core/logs/crash_reports.py",
        "_descriptor_for_fatal_reports",
        "sys.stderr",
    ): "for fatal signals",
    ("src/txn_core/logs/crash_reports.py", "_say", "sys.stderr"): "a crash report: JSON, without texts",
    ("src/txn_core/logs/crash_reports.py", "_say", "print()"): "the same",
    (
        "src/txn_server/processes/tether.py",
        "the module",
        "exit() with a text",
    ): "into a child's log, by the standard library alone",
    ("src/txn_core/logs/telemetry.py", "_sink", "sys.stderr"): "the log's own stream: JSON, or in a queue",
}


def verdicts(found: Iterable[Leak], allowed: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """What is wrong: leaks in places that are not allowed, and allowances that nothing needs."""
    unused = set(allowed)
    for leak in found:
        place = leak.file, leak.function, leak.sink
        if place in set(allowed):
            unused.discard(place)
        else:
            yield str(leak)
    for file, function, sink in sorted(unused):
        yield f"{file}: no card number goes into {sink} in {function} any more: take the allowance away"


def past_the_door(found: Iterable[Bypass], allowed: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """What is wrong: output past the door in places that are not allowed, and allowances that nothing needs."""
    places = set(allowed)
    unused = set(places)
    for bypass in found:
        place = bypass.file, bypass.function, bypass.by
        if place in places:
            unused.discard(place)
        else:
            yield str(bypass)
    for file, function, by in sorted(unused):
        yield f"{file}: {function} does not go past txn_cli.terminal by {by} any more: take the allowance away"


def main() -> None:
    """Check all folders."""
    found = [leak for folder in FOLDERS for leak in leaks_below(ROOT / folder, ROOT)]
    wrong = list(verdicts(found, ALLOWED))
    wrong += past_the_door(bypasses_below(ROOT / "src", ROOT), BYPASSES)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
