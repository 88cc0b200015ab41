"""What processes of ours need around them in tests and measurements: servers, an environment, and API keys."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from txn_cli.stack.credentials import Secrets
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.environment import adopt, stack_environment
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import UNLIMITED, Limits
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

ACCOUNT: Final = Account("bench")


@dataclass(frozen=True, slots=True)
class Site:
    """Servers as the settings name them, and the environment of processes that work with them."""

    settings: Settings
    environment: Mapping[str, str]

    @classmethod
    @contextmanager
    def on(
        cls, endpoints: Endpoints, secrets: Secrets | None = None, /, *, api_port: int = 0, **given: str
    ) -> Iterator[Self]:
        """A site on some servers, with `TXN_*` settings of its own; keys are made up unless they are given.

        This process's own environment is the site's for the time of the block.
        """
        made = secrets or replace(
            Secrets.generate(), access_key=endpoints.access_key, secret_key=endpoints.secret_key
        )
        with own_environment():
            environment = stack_environment(made, endpoints, api_port=api_port, given=given)
            yield cls(adopt(environment), environment)

    async def api_key(self, limits: Limits = UNLIMITED, account: Account = ACCOUNT, **options: Any) -> str:
        """A new API key with every scope."""
        kept, presented = mint(account=account, scopes=SCOPES, limits=limits, **options)
        async with Aws(self.settings).dynamodb() as dynamodb:
            await ApiKeyTable(dynamodb, TableNames.of(self.settings).api_keys).put(kept)
        return presented


@contextmanager
def own_environment() -> Iterator[None]:
    """Undo what the block changes in this process's environment: whoever is next has servers of its own."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
