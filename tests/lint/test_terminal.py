"""The rule on good and bad samples, and on the code itself."""

import pytest

from tests.lint.__main__ import BYPASSES, ROOT
from tests.lint.module_walk import Finding, complaints, findings, findings_below
from tests.lint.terminal import PastTheDoor

BAD = {
    "print": "print(text)",
    "print of a module": "import builtins\nbuiltins.print(text)",
    "rich's print": "import rich\nrich.print(text)",
    "rich's print by name": "from rich import print",
    "rich's print by another name": "from rich import print as show",
    "typer's echo": "typer.echo(text)",
    "click's echo": "click.secho(text)",
    "an echo by name": "from typer import echo",
    "a question": "typer.confirm(name)",
    "a console": "Console().print(text)",
    "a console by another name": "from rich.console import Console as Screen",
    "rich's own console": "rich.get_console().print(text)",
    "standard output": "sys.stdout.write(text)",
    "the bytes of standard output": "sys.stdout.buffer.write(data)",
    "standard error": "sys.stderr.writelines(lines)",
    "standard output by name": "from sys import stdout",
    "the stream as an argument": "json.dump(document, sys.stdout)",
    "a traceback": "traceback.print_exc()",
    "a log on the terminal": "logging.StreamHandler()",
    "markup": "Text.from_markup(text)",
    "a panel": "console.print(Panel(text, title=name))",
    "a status in words": "self._console.status(doing)",
    "a column of a bar": 'TextColumn("{task.description}")',
    "pretty": "pprint.pprint(document)",
    "print handed on": "deque(map(print, lines))",
    "print by another name": "show = print",
    "a question of the language": "input(name)",
    "a question for a secret": "getpass.getpass(name)",
    "a bar with a console of its own": "from rich.progress import Progress\nProgress(TextColumn(text, markup=False))",
    "a live view with a console of its own": "from rich.live import Live\nwith Live(table): pass",
    "a loop with a bar": "from rich.progress import track\nfor row in track(rows, name): pass",
    "a text to end with": 'sys.exit(f"no file {name}")',
    "the same as an exception": 'raise SystemExit(f"no file {name}")',
    "another name for sys": "import sys as system\nsystem.stdout.write(text)",
}
GOOD = {
    "the door": "say(text)",
    "a line of a meter": "meter.say(text)",
    "a console that was handed in": "console.print(table)",
    "a console of the door's": "terminal.console().print(table)",
    "a confirmation of something else": "await store.confirm(key)",
    "a status of a text": "self._console.status(Text(doing))",
    "a column of a bar without markup": 'TextColumn("{task.description}", markup=False)',
    "a type": "def show(console: Console) -> None:\n    console.print(table)",
    "an import of a type": "from rich.console import Console",
    "the arguments": "sys.argv[1]",
    "a bar on a console that was handed in": "from rich.progress import Progress\nProgress(console=self._console)",
    "a code to end with": "sys.exit(code)",
}


@pytest.mark.parametrize("what", BAD)
def test_output_past_the_door_is_found(what: str) -> None:
    assert findings(PastTheDoor, BAD[what], "sample.py")


@pytest.mark.parametrize("what", GOOD)
def test_other_code_is_let_be(what: str) -> None:
    assert findings(PastTheDoor, GOOD[what], "sample.py") == []


def test_all_output_of_our_code_goes_through_the_door() -> None:
    assert list(complaints(PastTheDoor, findings_below(PastTheDoor, ROOT / "src", ROOT), BYPASSES)) == []


def test_an_allowance_that_nothing_needs_is_refused() -> None:
    place = ("src/x.py", "f", "print()")
    assert list(complaints(PastTheDoor, [], [place])) == [
        "src/x.py: f does not go past txn_cli.terminal by print() any more: take the allowance away"
    ]
    assert list(complaints(PastTheDoor, [Finding(*place[:1], 3, *place[1:])], [place])) == []
