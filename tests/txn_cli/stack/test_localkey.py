"""The API key of whoever runs the stack."""

from dataclasses import replace
from pathlib import Path

from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.localkey import ensure_local_key
from txn_core.api_keys import SCOPES, ApiKey, ApiKeyTable, mint, split
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import UNLIMITED
from txn_core.settings import Settings
from txn_core.transactions.identity import Account


async def test_the_local_key_has_everything_and_stays(settings: Settings, tmp_path: Path) -> None:
    """Every scope, every account, no limit; the next start has the same, and one with limits is replaced."""
    await bootstrap(settings)
    data_dir, made = DataDir.at(tmp_path / "data"), Secrets.generate()
    async with Aws(settings).dynamodb() as client:
        table = ApiKeyTable(client, TableNames(settings.table_prefix).api_keys)

        async def kept(presented: str) -> ApiKey:
            parts = split(presented)
            assert parts is not None
            found = await table.get(parts[0])
            assert found is not None
            return found

        first = await ensure_local_key(settings, data_dir, made)
        key = await kept(first)
        assert (key.scopes, key.granted_accounts, key.limits) == (frozenset(SCOPES), frozenset("*"), UNLIMITED)
        assert await ensure_local_key(settings, data_dir, replace(made, api_key=first)) == first
        earlier, presented = mint(account=Account("default"), scopes=SCOPES, granted_accounts=["*"])
        await table.put(earlier)
        second = await ensure_local_key(settings, data_dir, replace(made, api_key=presented))
        assert second != presented
        assert (await kept(second)).limits == UNLIMITED
        narrow, presented = mint(
            account=Account("default"), scopes=["transactions:read"], granted_accounts=["*"], limits=UNLIMITED
        )
        await table.put(narrow)
        third = await ensure_local_key(settings, data_dir, replace(made, api_key=presented))
        assert (await kept(third)).scopes == frozenset(SCOPES)  # as after an upgrade that knows a further scope
