"""The `txn` command: one entry, its commands in `txn_cli.commands`, each module one noun.

All modules together import everything that we have, which takes longer than many a command. So a command that is
named imports its own module alone.
"""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any, Final

import typer
from typer.core import TyperGroup

from txn_cli.exit_codes import code_of_failure, table
from txn_cli.output.failure import one_error, told
from txn_cli.stack.private_folder import UMASK
from txn_cli.terminal import finish_output, say
from txn_core.exceptions import TxnError
from txn_core.logs.crash_reports import confine
from txn_core.printable import printable

# By the module that has them, in the order in which the help shows them.
COMMANDS: Final = {
    "stack": ("up", "demo", "status"),
    "data": ("simulate", "load", "verify"),
    "processes": ("api", "worker", "bootstrap", "health"),
    "reconcile_command": ("reconcile",),
    "questions.sql": ("sql",),
    "questions.insight_command": ("insight",),
    "train_command": ("train",),
    "backtest_command": ("backtest",),
    "planning.cost_command": ("cost",),
    "ingest_command": ("ingest",),
    "labels_command": ("labels",),
    "generations": ("generations",),
    "keys": ("keys",),
    "dead_letters": ("dead-letters",),
    "leases": ("leases",),
    "planning.shards_command": ("shards",),
    "lake_command": ("lake",),
    "warehouse": ("warehouse",),
    "models_command": ("models",),
    "fraud.rules_command": ("rules",),
    "fraud.features_command": ("features",),
}


class _Commands(TyperGroup):
    """The commands. What the framework says of a wrong command line quotes it: the names of files, too."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """Read the options before the command's name."""
        with _printable_errors():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run a command, which reads its own options; whatever it raises becomes one line."""
        with _printable_errors(), one_error():
            try:
                return super().invoke(ctx)
            finally:
                finish_output()


@contextmanager
def _printable_errors() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        if isinstance(message := getattr(error, "message", None), str):
            error.message = printable(message)
        raise


def app_of(asked: str | None = None) -> typer.Typer:
    """The command that is asked for, with its neighbours; all commands when it is none of ours."""
    app = typer.Typer(
        name="txn",
        cls=_Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        epilog="\n\n".join(table()),
        callback=_txn,
    )
    wanted = [module for module, commands in COMMANDS.items() if asked in commands] or list(COMMANDS)
    for module in wanted:
        commands = _imported(f"txn_cli.commands.{module}")
        for name in COMMANDS[module]:
            command = getattr(commands, name.replace("-", "_"))
            if isinstance(command, typer.Typer):
                app.add_typer(command, name=name, no_args_is_help=True)
            else:
                app.command(name)(command)
    return app


def _imported(module: str) -> ModuleType:
    """A module. What imports make stays: to look for garbage in it takes a tenth of their time."""
    if not gc.isenabled():
        return import_module(module)
    gc.disable()
    try:
        return import_module(module)
    finally:
        gc.enable()


def _txn() -> None:
    """The front door for card transactions: run it, load it, check it."""


def words_of(command: Any, arguments: Sequence[str]) -> str:
    """The words that name a command, such as `keys create`: those before its own options and arguments."""
    words: list[str] = []
    for word in arguments:
        named = getattr(command, "commands", {})
        if (default := getattr(command, "default_command", None)) is not None and word not in named:
            return " ".join((*words, default))
        command = named.get(word)
        if command is None:
            break
        words.append(word)
    return " ".join(words)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and give the exit code; a failure is one line on standard error."""
    command: Any = None
    try:
        with one_error():  # an extra that a command cannot do without may be missing
            command = typer.main.get_command(app_of(arguments[0] if arguments else None))
        # Called itself, the application would take the place of our hook for errors, and print texts and variables.
        command(args=list(arguments), prog_name="txn")
    except TxnError as error:
        with suppress(OSError):  # nowhere to say it: the code tells
            say(f"txn: {told(error)}", error=True)
        return code_of_failure(words_of(command, arguments), error)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def main() -> None:
    """Run the command line of this process."""
    confine()
    os.umask(UMASK)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
