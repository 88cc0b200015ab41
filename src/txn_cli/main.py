"""The `txn` command: one entry, its commands in `txn_cli.commands`, each module one noun."""

import sys

import typer

from txn_cli.commands import data, dead_letters, generations, keys, processes, reconciliation, stack
from txn_core.crash_reports import confine
from txn_core.errors import TxnError

app = typer.Typer(
    name="txn",
    help="The front door for card transactions: run it, load it, check it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for module in (stack, data, processes, generations, reconciliation, keys, dead_letters):
    module.register(app)


def main() -> None:
    """Run the command line; an expected error is one line on standard error and exit code 1."""
    confine()
    try:
        app()
    except TxnError as error:
        print(f"txn: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
