"""Keys are lost and restored as an operator does it: those that worked work, those that were revoked do not."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.builders import base64_key
from txn_cli.key_backup import backup_file
from txn_cli.key_backup.backup_file import content_of
from txn_cli.main import app_of
from txn_core.api_keys import ApiKey, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError, StoreError
from txn_core.quotas import Limits
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

ACME = Account("acme")


@pytest.fixture
async def system(settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """A bootstrapped system that commands find by their environment. Of its keys the identity key alone is there."""
    await bootstrap(settings)
    names = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    for name in names:
        own_environment.setenv(f"TXN_{name.upper()}", str(getattr(settings, name)))
    own_environment.setenv("TXN_IDENTITY_KEY", base64_key(2))
    own_environment.chdir(tmp_path)
    return settings


async def _txn(*arguments: str, given: str | None = None) -> Any:
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app_of("keys"), ["keys", *arguments], input=given))
    if isinstance(result.exception, StoreError):
        raise result.exception
    return result


def _save(text: str) -> None:
    Path("keys.json").write_text(text)


async def _kept(settings: Settings, *keys: ApiKey) -> list[ApiKey | None]:
    async with Aws(settings).dynamodb() as dynamodb:
        table = ApiKeyTable(dynamodb, TableNames.of(settings).api_keys)
        return [await table.get(key.key_id) for key in keys]


async def _lose(settings: Settings) -> None:
    async with Aws(settings).dynamodb() as dynamodb:
        await dynamodb.delete_table(TableName=TableNames.of(settings).api_keys)
    await bootstrap(settings)


async def test_keys_that_were_lost_are_restored(system: Settings) -> None:
    """With all that they are bound by. One was revoked before the backup, one after it, and one came after it."""
    plain, secret = mint(account=ACME, scopes=("transactions:write",))
    bound, _ = mint(
        account=ACME,
        scopes=("admin", "transactions:read"),
        name="bound",
        terminal_ids=("T1", "T2"),
        granted_accounts=("*",),
        requires_signature=True,
        limits=Limits(reads_per_s=5),
    )
    before, _ = mint(account=ACME, scopes=("admin",))
    after, _ = mint(account=ACME, scopes=("admin",))
    later, _ = mint(account=ACME, scopes=("admin",))
    async with Aws(system).dynamodb() as dynamodb:
        table = ApiKeyTable(dynamodb, TableNames.of(system).api_keys)
        for key in (plain, bound, before, after):
            await table.put(key)
        await table.revoke(before.key_id)
        saved = (await _txn("export")).stdout
        await table.revoke(after.key_id)
        was = await _kept(system, plain, bound, before)
        await _lose(system)
        assert await _kept(system, plain) == [None]
        await table.put(later)
        assert secret.rsplit("_", 1)[1] not in saved

    _save(saved)
    done = await _txn("import", "keys.json", "--revoked", after.key_id, "--json")
    assert json.loads(done.stdout) == {"restored": 4, "kept": 0, "revoked": 2}
    assert await _kept(system, plain, bound, before) == was
    [restored, new] = await _kept(system, after, later)
    assert restored is not None
    assert restored.revoked_at is not None
    assert new == later
    again = await _txn("import", "-", "--json", given=saved)
    assert json.loads(again.stdout) == {"restored": 0, "kept": 4, "revoked": 1}
    assert await _kept(system, plain, bound, before, after) == [*was, restored]


async def test_a_key_that_the_backup_knows_as_revoked_is_revoked_where_it_came_back(system: Settings) -> None:
    """As out of an older backup of the table itself."""
    key, _ = mint(account=ACME, scopes=("admin",))
    async with Aws(system).dynamodb() as dynamodb:
        table = ApiKeyTable(dynamodb, TableNames.of(system).api_keys)
        await table.put(key)
        await table.revoke(key.key_id)
        _save((await _txn("export")).stdout)
        await table.put(key)
    done = await _txn("import", "keys.json")
    assert "0 restored" in done.stdout
    [found] = await _kept(system, key)
    assert found is not None
    assert found.revoked_at is not None


async def test_nothing_is_done_by_a_backup_that_was_changed_or_lacks_a_revoked_key(system: Settings) -> None:
    key, _ = mint(account=ACME, scopes=("transactions:read",))
    async with Aws(system).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames.of(system).api_keys).put(key)
    saved = (await _txn("export")).stdout
    await _lose(system)
    with pytest.raises(StoreError, match="it was changed"):
        await _txn("import", "-", given=saved.replace("transactions:read", "admin"))
    with pytest.raises(StoreError, match="nothing was done"):
        await _txn("import", "-", "--revoked", "0" * 16, given=saved)
    with pytest.raises(StoreError, match=r"cannot read absent\.json"):
        await _txn("import", "absent.json")
    assert await _kept(system, key) == [None]


@pytest.mark.parametrize("arguments", [("export",), ("import", "absent.json")])
async def test_without_the_identity_key_the_refusal_names_no_other(
    system: Settings, own_environment: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    own_environment.delenv("TXN_IDENTITY_KEY")
    refused = (await _txn(*arguments)).exception
    assert isinstance(refused, SettingsError)
    assert str(refused).startswith("TXN_IDENTITY_KEY is required")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "BYTES_MAX", 1 << 20)
    (tmp_path / "large").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(StoreError, match="at most 1 MiB"):
        content_of(str(tmp_path / "large"))
