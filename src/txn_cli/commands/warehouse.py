"""`txn warehouse`: the lake's rows in tables for questions, built by dbt."""

import typer

from txn_cli.terminal import say

warehouse = typer.Typer(help="The warehouse: load the curated lake into tables, build and check the models.")


@warehouse.command()
def install() -> None:
    """Install dbt into an environment of its own inside this one, from pins with hashes (95 MB).

    dbt's packages do not fit beside ours. Run it again after an upgrade: it changes nothing when all is current.
    """
    from warehouse.dbt.environment import own_environment  # noqa: PLC0415 - the extra `warehouse`

    environment = own_environment()
    if environment.is_current:
        say(f"dbt is installed in {environment.folder}")
        return
    say(f"Installing dbt into {environment.folder}")
    environment.install()
    say("Installed")
