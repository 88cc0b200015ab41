"""The `txn` command: one entry, its commands in `txn_cli.commands`, each module one noun.

All modules together import everything that we have, which takes longer than many a command. So a command that is
named imports its own module alone.
"""

import os
import sys
from importlib import import_module
from typing import Final

import typer

from txn_cli.stack.private_folder import UMASK
from txn_core.crash_reports import confine
from txn_core.errors import TxnError

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


def app_of(asked: str | None = None) -> typer.Typer:
    """The command that is asked for, with its neighbours; all commands when it is none of ours."""
    app = typer.Typer(name="txn", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
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
        print(f"txn: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
