"""What people write into files and options of commands: rules, labels, names, each with a number in it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from devkit.running_stack import COMMAND_S_MAX, TXN, RunningStack

from tests.canary.marks import Marks

RULE: Final[dict[str, Any]] = {
    "id": "large",
    "when": "amount_minor > 10000",
    "action": "alert",
    "mode": "live",
    "owner": "ann",
    "expires": "2099-01-01T00:00:00Z",
    "about": "Raises alerts of a third of a file's rows",
}
REFUSED: Final = frozenset({1, 2, 3})
"""How commands end that refuse what they were given, or some of its rows."""


def write_rules(stack: RunningStack, folder: Path, marks: Marks) -> None:
    """Let a sound rule become active, and ask for others and for a model with a number in each place."""
    file = folder / "rules.toml"
    file.write_text(_toml(RULE))
    assert _ended(stack, "rules", "activate", str(file), "--yes") == 0
    for changed, lists in _numbered(marks):
        file.write_text(_toml(RULE | changed, lists))
        assert _ended(stack, "rules", "test", str(file)) in REFUSED
        assert _ended(stack, "rules", "activate", str(file), "--yes") in REFUSED
    file.write_text(_toml(RULE))
    for arguments in (("rules", "activate", str(file)), ("models", "activate", "shipped"), ("models", "rollback")):
        assert _ended(stack, *arguments, "--yes", "--by", marks.new("the name of a person")) in REFUSED
    for words in (("models", "activate"), ("rules", "list"), ("rules", "activate")):
        assert _ended(stack, *words, marks.new("the name of a version")) in REFUSED
    file.unlink()


def write_labels(stack: RunningStack, folder: Path, marks: Marks) -> None:
    """Load labels of which some have a number in their reason."""
    file = folder / "labels.ndjson"
    labels: list[dict[str, str]] = [{"transaction_id": f"canary-labelled-{number}"} for number in range(6)]
    for label in labels[::2]:
        label["reason"] = f"cardholder of {marks.new('the reason of a loaded label')} called"
    file.write_text("\n".join(map(json.dumps, labels)))
    assert _ended(stack, "labels", "load", str(file)) in REFUSED
    file.unlink()


def _numbered(marks: Marks) -> Iterator[tuple[dict[str, str], dict[str, list[str]]]]:
    """Changes of a rule, and lists, each with a number."""

    def spaced(number: str) -> str:
        return " ".join(number[at : at + 4] for at in range(0, 16, 4))

    dresses: tuple[Callable[[str], str], ...] = (str, spaced)
    for dress in dresses:
        number = dress(marks.new("a rule"))
        yield {"when": f'merchant_id == "{number}"'}, {}
        yield {"about": f"asked for by the holder of {number}"}, {}
        yield {"owner": number}, {}
        yield {"id": f"card_{number}"}, {}
        yield {}, {"blocked": ["mer_" + "b" * 32, number]}
    yield {"when": f"amount_minor == {marks.new('a rule')}"}, {}
    yield {}, {f"card_{marks.new('the name of a list')}": ["x"]}


def _toml(rule: dict[str, Any], lists: dict[str, list[str]] | None = None) -> str:
    """A file of one rule: a JSON text is one of TOML, and so is a list of them."""
    kept = "".join(f"{json.dumps(name)} = {json.dumps(entries)}\n" for name, entries in (lists or {}).items())
    body = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rule.items() if key != "expires")
    return f"[lists]\n{kept}\n[[rule]]\n{body}expires = {rule['expires']}\n"


def _ended(stack: RunningStack, *arguments: str) -> int:
    """The exit code of a command, whose words are kept to be searched."""
    command = [*TXN, *arguments, "--data-dir", str(stack.data_dir)]
    run = subprocess.run(command, check=False, capture_output=True, timeout=COMMAND_S_MAX)
    stack.output.extend((run.stdout, run.stderr))
    return run.returncode
