"""Runs our own rules on our code: `python -m tests.lint`. Exit code 1 when one is broken."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.lint.card_values import CardValues
from tests.lint.layout import crowded, namesakes
from tests.lint.log_events import LogEvents
from tests.lint.module_walk import complaints, findings_below
from tests.lint.names import findings as names_found
from tests.lint.sql_dialects import findings_below as sql_findings_below
from tests.lint.terminal import PastTheDoor

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
    ("src/txn_cli/health.py", "run", "sys.stdout"): "a fixed word; the door brings half a second of imports",
    ("src/txn_cli/health.py", "run", "sys.stderr"): "fixed words, names of settings and of exceptions; the same",
    ("src/txn_cli/commands/data.py", "simulate", "sys.stdout"): "its descriptor is turned away from a closed pipe",
    ("src/txn_cli/commands/questions/sql.py", "sql", "sys.stdout"): "the same",
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

# The same of each place that logs an event which its caller names.
LOGGED_BY_PARAMETER: Final[dict[tuple[str, str, str], str]] = {
    (
        "src/txn_core/logs/crash_reports.py",
        "_say",
        "a use of the logger that names no event",
    ): "test_crash_reports.py compares the name of each report",
}


def tracked() -> list[str]:
    """The files that git knows, named from the root on."""
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [file for file in said.split("\0") if (ROOT / file).is_file()]


def main() -> None:
    """Check all folders."""
    found = [leak for folder in FOLDERS for leak in findings_below(CardValues, ROOT / folder, ROOT)]
    wrong = list(complaints(CardValues, found, ALLOWED))
    wrong += complaints(PastTheDoor, findings_below(PastTheDoor, ROOT / "src", ROOT), BYPASSES)
    wrong += complaints(LogEvents, findings_below(LogEvents, ROOT / "src", ROOT), LOGGED_BY_PARAMETER)
    files = tracked()
    wrong += map(str, names_found([ROOT / file for file in files], ROOT))
    wrong += [*crowded(files), *namesakes(files)]
    wrong += sql_findings_below(ROOT / "src" / "warehouse" / "questions", portable=True)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
