"""The `txn` command: one entry, its commands in `txn_cli.commands`, each module one noun.

All modules together import everything that we have, which takes longer than many a command. So a command that is
named imports its own module alone.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

from txn_cli.stack.private_folder import UMASK
from txn_cli.terminal import say
from txn_core.crash_reports import confine
from txn_core.errors import TxnError
from txn_core.printable import printable

# In the order in which the help shows them.
COMMANDS: Final = {
    "stack": ("up", "demo", "status"),
    "data": ("simulate", "load", "verify"),
    "processes": ("api", "worker", "bootstrap"),
    "reconciliation": ("reconcile",),
    "generations": ("generations",),
    "keys": ("keys",),
    "dead_letters": ("dead-letters",),
    "leases": ("leases",),
}


class _Commands(TyperGroup):
    """The commands. What the framework says of a wrong command line quotes it: the names of files, too."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """Read the options before the command's name."""
        with _printable_errors():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        """Run a command, which reads its own options."""
        with _printable_errors():
            return super().invoke(ctx)


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
        name="txn", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    app.callback()(_txn)
    wanted = [module for module, commands in COMMANDS.items() if asked in commands] or list(COMMANDS)
    for module in wanted:
        import_module(f"txn_cli.commands.{module}").register(app)
    return app


def _txn() -> None:
    """The front door for card transactions: run it, load it, check it."""


def main() -> None:
    """Run the command line; an expected error is one line on standard error and exit code 1."""
    confine()
    os.umask(UMASK)
    try:
        # Called itself, the application would take the place of our hook for errors, and print texts and variables.
        typer.main.get_command(app_of(sys.argv[1] if len(sys.argv) > 1 else None))()
    except TxnError as error:
        say(f"txn: {error}", error=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
