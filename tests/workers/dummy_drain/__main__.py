"""The `txn` command with the third drain registered: `python -m tests.workers.dummy_drain worker dummy`."""

from tests.workers.dummy_drain import register

register()

from txn_cli.main import main  # noqa: E402 - the commands take their words from the registry

main()
