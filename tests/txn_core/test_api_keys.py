"""API keys: who may do what on whose transactions."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from txn_core.api_keys import ALL_ACCOUNTS, SCOPES, TERMINALS_MAX, ApiKey, ApiKeyTable, KeyId, Scope, mint, split
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError
from txn_core.quotas import Limits
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import instant_of, now

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

ACME = Account("acme")
WRITE: tuple[Scope, ...] = ("transactions:write",)


@pytest.fixture
def table(dynamodb: "DynamoDBClient", names: TableNames) -> ApiKeyTable:
    """The bootstrapped table of keys."""
    return ApiKeyTable(dynamodb, names.api_keys)


def minted(**changes: object) -> tuple[ApiKey, str, str]:
    """What is kept of a key, the key as presented, and its secret part."""
    key, presented = mint(account=ACME, scopes=WRITE)
    return replace(key, **changes), presented, presented.rsplit("_", 1)[1]  # type: ignore[arg-type]


def test_a_key_is_shown_once_and_kept_as_a_hash() -> None:
    """What is kept does not hold the secret, and two keys never share anything."""
    key, presented, secret = minted()
    assert presented == f"txn_{key.key_id}_{secret}"
    assert secret not in repr(key)
    assert key.secret_sha256 == hashlib.sha256(secret.encode()).hexdigest()
    assert len({mint(account=ACME, scopes=WRITE)[1] for _ in range(50)}) == 50


def test_a_presented_key_is_taken_apart() -> None:
    """Key id and secret come out of a well-formed key."""
    key, presented, secret = minted()
    assert split(presented) == (key.key_id, secret)


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "txn",
        "txn__",
        "txn_" + "a" * 16,
        "txn_" + "a" * 15 + "_" + "b" * 64,
        "txn_" + "a" * 16 + "_" + "b" * 63,
        "txn_" + "a" * 16 + "_" + "b" * 65,
        "TXN_" + "a" * 16 + "_" + "b" * 64,
        "sk_" + "a" * 16 + "_" + "b" * 64,
        " txn_" + "a" * 16 + "_" + "b" * 64,
        "txn_" + "a" * 15 + "#_" + "b" * 64,
        "txn_" + "\u00e4" * 16 + "_" + "b" * 64,
        "txn_" + "a" * 16 + "_" + "\uff11" * 64,
        "txn_" + "a" * 16 + "_" + "b" * 63 + "\n",
        "txn_" + "a" * 16 + "_" + "b" * 63 + "_",
    ],
)
def test_what_is_not_in_our_form_is_no_key(presented: str) -> None:
    """Other lengths, alphabets and prefixes never reach the table."""
    assert split(presented) is None


def test_only_its_own_secret_is_admitted() -> None:
    """Another secret, also one of another length, is not."""
    key, _, secret = minted()
    assert key.admits(secret, now())
    for wrong in ("", secret[:-1], secret + "0", secret.upper() + "x", minted()[2], key.secret_sha256, "\u00e9"):
        assert not key.admits(wrong, now())


def test_a_key_is_in_force_until_it_expires_or_is_revoked() -> None:
    """The moment of expiry itself is too late; a revoked key is out at any moment."""
    expiry = instant_of(datetime(2026, 1, 1, tzinfo=UTC))
    key, _, secret = minted(expires_at=expiry)
    assert key.admits(secret, instant_of(datetime(2025, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)))
    assert not key.admits(secret, expiry)
    assert not key.admits(secret, now())
    revoked, _, secret = minted(revoked_at=expiry)
    assert not revoked.admits(secret, instant_of(datetime(2020, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("account", ["", "Acme", "a#b", "a b", "-a", "a" * 65, "acme\n", "*", "\u00e4"])
def test_an_account_that_ids_cannot_hold_has_no_key(account: str) -> None:
    """Accounts stand in stored keys, so nothing that would break them is minted for."""
    with pytest.raises(SettingsError, match="account"):
        mint(account=Account(account), scopes=WRITE)
    if account != ALL_ACCOUNTS:
        with pytest.raises(SettingsError, match="account"):
            mint(account=ACME, scopes=WRITE, granted_accounts=[account])


def test_a_key_without_a_scope_is_not_minted() -> None:
    """A key that may do nothing is a mistake of whoever made it."""
    with pytest.raises(SettingsError, match="scope"):
        mint(account=ACME, scopes=[])


@pytest.mark.parametrize("terminal", ["", "T 1", "T" * 33, "T1\n", "\u00e4"])
def test_a_terminal_that_no_transaction_can_name_has_no_key(terminal: str) -> None:
    """A key that is bound to it alone could send nothing."""
    with pytest.raises(SettingsError, match="terminal"):
        mint(account=ACME, scopes=WRITE, terminal_ids=["T1", terminal])


def test_the_terminals_of_a_key_are_bounded() -> None:
    """What is kept of a key has to fit an item."""
    mint(account=ACME, scopes=WRITE, terminal_ids=[f"T{number}" for number in range(TERMINALS_MAX)])
    with pytest.raises(SettingsError, match="terminal"):
        mint(account=ACME, scopes=WRITE, terminal_ids=[f"T{number}" for number in range(TERMINALS_MAX + 1)])


def test_a_secret_has_256_bits() -> None:
    """At random, so that one round of SHA-256 guards it; and the key says by its prefix what it is."""
    _, presented, secret = minted()
    assert presented.startswith("txn_")
    assert len(bytes.fromhex(secret)) == 32


async def test_a_key_comes_back_as_it_was_kept(table: ApiKeyTable) -> None:
    """Every field survives the table, the optional ones too; an unknown id is none."""
    plain, _ = mint(account=ACME, scopes=WRITE)
    whole, _ = mint(
        account=ACME,
        scopes=SCOPES,
        name="back office",
        expires_in=timedelta(days=1),
        granted_accounts=["other", ALL_ACCOUNTS],
        terminal_ids=["T0000042", "T0000043"],
        requires_signature=True,
        limits=Limits(writes_per_s=5, reads_per_s=0, requests_max=7),
    )
    for key in (plain, whole):
        await table.put(key)
        assert await table.get(key.key_id) == key
    assert await table.get(KeyId("0" * 16)) is None


async def test_a_key_of_before_a_scope_keeps_what_it_had(table: ApiKeyTable) -> None:
    """A reader without a version of its scopes sees customers' names, also when it is restored; no other key does."""
    reader, _ = mint(account=ACME, scopes=["transactions:read"])
    writer, _ = mint(account=ACME, scopes=WRITE)
    for key in (reader, writer):
        await table.put(key)
        made = await table.get(key.key_id)
        assert made is not None
        assert made.scopes == key.scopes
        item = await table._item({"key_id": {"S": key.key_id}})
        assert item is not None
        old = {name: value for name, value in item.items() if name != "scopes_version"}
        old["key_id"] = {"S": key.key_id[::-1]}
        assert await table.restore(old)
        kept = await table.get(KeyId(key.key_id[::-1]))
        assert kept is not None
        assert kept.scopes - key.scopes == ({"customer:read"} if key is reader else set())


async def test_a_revoked_key_stays_revoked(table: ApiKeyTable) -> None:
    """Revoking again changes nothing, and revoking what is not there says so without making it."""
    key, presented = mint(account=ACME, scopes=WRITE)
    await table.put(key)
    assert await table.revoke(key.key_id)
    revoked = await table.get(key.key_id)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert not revoked.admits(presented.rsplit("_", 1)[1], now())
    assert await table.revoke(key.key_id)
    assert await table.get(key.key_id) == revoked
    assert not await table.revoke(KeyId("f" * 16))
    assert await table.get(KeyId("f" * 16)) is None
