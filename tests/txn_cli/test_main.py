"""The command line as a whole: every command is found, and costs no more than its own imports."""

import re
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from txn_cli.main import COMMANDS, app_of

NAMES = [name for names in COMMANDS.values() for name in names]


def _names(app: typer.Typer) -> list[str]:
    named = [command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands]
    return [*named, *(str(group.name) for group in app.registered_groups)]


@pytest.mark.parametrize("asked", [None, "--help", "unheard-of"])
def test_all_commands_are_there_when_none_of_them_is_asked_for(asked: str | None) -> None:
    assert sorted(_names(app_of(asked))) == sorted(NAMES)


@pytest.mark.parametrize(("module", "names"), COMMANDS.items())
def test_a_command_comes_with_those_of_its_module(module: str, names: tuple[str, ...]) -> None:
    for name in names:
        assert sorted(_names(app_of(name))) == sorted(names)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_called_by_its_name_however_few_there_are(name: str) -> None:
    """One that is alone in its module, too: the framework would call it by no name at all."""
    asked = CliRunner().invoke(app_of(name), [name, "--help"])
    assert (asked.exit_code, f" {name} " in asked.output) == (0, True)


def test_the_help_shows_all_commands() -> None:
    shown = CliRunner().invoke(app_of(), ["--help"]).output
    assert "The front door for card transactions" in shown
    listed = [line.strip("│ ").split(" ")[0] for line in shown.splitlines() if line.startswith("│ ")]
    assert [name for name in listed if name in NAMES] == NAMES


def test_a_command_that_fails_unexpectedly_quotes_nothing() -> None:
    """The framework has a hook of its own for errors, which would print their texts."""
    script = (
        "import sys; sys.argv = ['txn', 'simulate']\n"
        "import txn_cli.commands.data as data\n"
        "def fail(*_, **__): raise ValueError('a text')\n"
        "data.simulate_rows = fail\n"
        "from txn_cli.main import main; main()\n"
    )
    failed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)
    assert (failed.returncode, failed.stdout) == (1, "")
    (line,) = failed.stderr.splitlines()
    assert re.fullmatch(r"txn: ValueError at \S+:\d+( > \S+:\d+)*: this is not expected; .*", line)


def test_a_command_imports_what_it_needs_and_no_more() -> None:
    """To be called at all takes no client of AWS or of HTTP, no column store, no web framework and no worker."""
    script = "import sys; sys.argv = ['txn', 'bootstrap', '--help']; from txn_cli.main import main\n"
    script += "try: main()\nfinally: print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=100)
    modules = set(told.stdout.split())
    assert "typer" in modules
    assert {"aiobotocore", "httpx", "pyarrow", "fastapi", "workers"}.isdisjoint(modules)
