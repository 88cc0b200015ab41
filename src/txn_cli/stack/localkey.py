"""The API key of whoever runs the stack: every scope, every account, no rate limit, the same at each start."""

from dataclasses import replace

from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_core.api_keys import ALL_ACCOUNTS, SCOPES, ApiKeyTable, mint, split
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import UNLIMITED
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now

DEFAULT_ACCOUNT = Account("default")


async def ensure_local_key(settings: Settings, data_dir: DataDir, secrets: Secrets) -> str:
    """The stored key when the API would take it, or else a new one, stored for the next time."""
    async with Aws(settings).dynamodb() as client:
        table = ApiKeyTable(client, TableNames.of(settings).api_keys)
        if await _is_good(table, secrets.api_key):
            return secrets.api_key
        key, presented = mint(
            account=DEFAULT_ACCOUNT,
            scopes=SCOPES,
            name="local stack",
            granted_accounts=[ALL_ACCOUNTS],
            limits=UNLIMITED,
        )
        await table.put(key)
    return replace(secrets, api_key=presented).stored(data_dir).api_key


async def _is_good(table: ApiKeyTable, presented: str) -> bool:
    """Whether the key is in force, may do everything, and is without limits: keys of earlier versions may not be."""
    if (parts := split(presented)) is None:
        return False
    key = await table.get(parts[0])
    return (
        key is not None
        and key.admits(parts[1], now())
        and key.scopes == frozenset(SCOPES)
        and key.limits == UNLIMITED
    )
