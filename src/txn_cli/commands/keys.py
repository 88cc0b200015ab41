"""`txn keys`: API keys are made, revoked and backed up here. Of a key a hash is kept, so its secret is shown once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from txn_cli.api_client.presented_key import STANDARD_INPUT, from_standard_input
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, YesOption, agree, system_at
from txn_cli.key_backup.backup_document import document_of, items_of
from txn_cli.key_backup.backup_file import content_of
from txn_cli.key_backup.restoration import Restored, restore
from txn_cli.output.failure import store_errors
from txn_cli.stack.localkey import DEFAULT_ACCOUNT
from txn_cli.terminal import say, say_document
from txn_core.api_keys import ALL_ACCOUNTS, SCOPES, ApiKey, ApiKeyTable, KeyId, is_key_id, mint, split
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import StoreError
from txn_core.quotas import Limits
from txn_core.settings import Settings
from txn_core.signing import signing_secret
from txn_core.transactions.identity import Account, identity_key_of
from txn_core.transactions.instants import now

ScopeName = StrEnum("ScopeName", {scope: scope for scope in SCOPES})  # type: ignore[misc] # the scopes are there

keys = typer.Typer(help="API keys: create, revoke, back up and restore them.")


def _limit(setting: str, most: int = 1_000_000) -> Any:
    return typer.Option(min=0, max=most, help=f"The key's own limit instead of {setting}; 0 is no limit.")


@keys.command()
def create(
    *,
    scope: Annotated[
        list[ScopeName], typer.Option(help="What the key may do; repeat the option for several scopes.")
    ],
    account: Annotated[
        str, typer.Option(help="The account whose transactions the key writes and reads.")
    ] = DEFAULT_ACCOUNT,
    grant: Annotated[
        list[str] | None, typer.Option(help=f"Another account that the key reads; {ALL_ACCOUNTS} is every one.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    expires_days: Annotated[float | None, typer.Option(min=0, help="Days until the key expires.")] = None,
    terminal: Annotated[
        list[str] | None,
        typer.Option(help="A terminal that the key may send for; without this option, any terminal."),
    ] = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="Take signed requests only (docs/access.md).")
    ] = False,
    writes_per_s: Annotated[int | None, _limit("TXN_KEY_WRITES_PER_S")] = None,
    reads_per_s: Annotated[int | None, _limit("TXN_KEY_READS_PER_S")] = None,
    lines_per_s: Annotated[int | None, _limit("TXN_KEY_LINES_PER_S")] = None,
    requests_max: Annotated[int | None, _limit("TXN_KEY_REQUESTS_MAX")] = None,
    cards_of_mask_max: Annotated[int | None, _limit("TXN_KEY_CARDS_OF_MASK_MAX", 10_000)] = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Make an API key and show it once: only its hash is kept.

    A key for signed requests is shown with its signing secret.
    """
    settings = system_at(data_dir, aws=aws).settings
    identity_key = identity_key_of(settings) if require_signature else None
    key, presented = mint(
        account=Account(account),
        scopes=[known for known in SCOPES if known in scope],
        name=name,
        expires_in=None if expires_days is None else timedelta(days=expires_days),
        granted_accounts=grant or (),
        terminal_ids=terminal or (),
        requires_signature=require_signature,
        limits=Limits(writes_per_s, reads_per_s, lines_per_s, requests_max, cards_of_mask_max),
    )
    signing = None if identity_key is None else signing_secret(identity_key, key.key_id)
    asyncio.run(_put(settings, key))
    if as_json:
        say_document(_document(key, presented, signing))
    else:
        _show(key, presented, signing)


def _show(key: ApiKey, presented: str, signing: str | None) -> None:
    say(presented, *(() if signing is None else (signing,)))
    bound = f" Only for {', '.join(sorted(key.terminal_ids))}." if key.terminal_ids else ""
    shown = "line above is the key" if signing is None else "lines above are the key and its signing secret"
    say(
        f"Key {key.key_id} of account {key.account}: {', '.join(sorted(key.scopes))}; "
        f"{'in force for good' if key.expires_at is None else f'in force until {key.expires_at}'}.{bound}",
        f"The {shown}. This is shown once; keep it as you keep a password.",
        error=True,
    )


@keys.command()
def revoke(
    key_id: Annotated[
        str, typer.Argument(help="The id of a key; - reads it, or the key itself, from standard input.")
    ] = STANDARD_INPUT,
    *,
    yes: YesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Revoke an API key for good; the API accepts it for a few more seconds at most.

    Asks first, unless the system is on this machine.
    """
    system = system_at(data_dir, aws=aws)
    settings = system.settings
    is_shown = key_id != STANDARD_INPUT
    given = key_id if is_shown else from_standard_input()
    parts = split(given)
    found = KeyId(given) if parts is None else parts[0]
    if is_key_id(found):
        agree(f"Revoke key {found}?", system, yes=yes)
    if not asyncio.run(_revoke(settings, found)):
        raise StoreError(f"there is no key {found}")
    say(f"Revoked {found}; the API refuses it within {settings.api_key_cache_s:g} s")
    if parts is not None and is_shown:
        say("Other users saw the key in the list of processes: another time give its id, or - for both", error=True)


@keys.command(name="export")
def export_keys(*, data_dir: StackOption = None, aws: AwsOption = False) -> None:
    """Print a backup of all API keys as JSON: no secrets, but who may do what.

    Nobody can change it without TXN_IDENTITY_KEY. Make one whenever a key was created or revoked (docs/backup.md).
    """
    settings = system_at(data_dir, aws=aws).settings
    say_document(asyncio.run(_backup(settings, identity_key_of(settings))))


@keys.command(name="import")
def import_keys(
    file: Annotated[str, typer.Argument(help="A backup; - reads it from standard input.")],
    *,
    revoked: Annotated[
        list[str] | None,
        typer.Option(help="The id of a key that was revoked since the backup was made; it is restored as revoked."),
    ] = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Put back the API keys of a backup that the table lacks; all others stay as they are.

    A key that is revoked in the backup or in the table is revoked afterwards. A key that was revoked since the backup
    was made, and is not named by --revoked, is in force again: asks first, unless the system is on this machine.
    """
    system = system_at(data_dir, aws=aws)
    settings = system.settings
    identity_key = identity_key_of(settings)
    asyncio.run(_reach(settings))
    items, exported_at = items_of(content_of(file), identity_key)
    agree(f"Restore {len(items):,} API keys as of {exported_at}?", system, yes=yes)
    done = asyncio.run(_restore(settings, items, [KeyId(each) for each in revoked or ()]))
    if as_json:
        say_document(asdict(done))
    else:
        say(f"{done.restored:,} restored as of {exported_at}, {done.kept:,} were there; {done.revoked:,} revoked")


async def _backup(settings: Settings, identity_key: bytes) -> dict[str, Any]:
    async with _table(settings, "read") as table:
        return document_of([item async for item in table.items()], now(), identity_key)


async def _reach(settings: Settings) -> None:
    """Return when the table answers. So a wrong system is noticed before a file is read."""
    async with _table(settings, "read") as table:
        await table.get(KeyId("0" * 16))


async def _restore(settings: Settings, items: list[Any], revoked: list[KeyId]) -> Restored:
    async with _table(settings) as table:
        return await restore(table, items, revoked, now())


async def _put(settings: Settings, key: ApiKey) -> None:
    async with _table(settings) as table:
        await table.put(key)


async def _revoke(settings: Settings, key_id: KeyId) -> bool:
    async with _table(settings) as table:
        if not is_key_id(key_id):  # it may be a key with a letter too many, and so is not quoted
            raise StoreError("that is neither a key nor the id of one")
        return await table.revoke(key_id)


@asynccontextmanager
async def _table(settings: Settings, doing: str = "write to") -> AsyncIterator[ApiKeyTable]:
    name = TableNames.of(settings).api_keys
    with store_errors(f"{doing} table {name}"):
        async with Aws(settings).dynamodb() as client:
            yield ApiKeyTable(client, name)


def _document(key: ApiKey, presented: str, signing: str | None) -> dict[str, object]:
    return {
        "key": presented,
        "signing_secret": signing,
        "key_id": key.key_id,
        "account": key.account,
        "granted_accounts": sorted(key.granted_accounts),
        "scopes": sorted(key.scopes),
        "name": key.name,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "terminal_ids": sorted(key.terminal_ids),
        "requires_signature": key.requires_signature,
        "limits": asdict(key.limits),
    }
