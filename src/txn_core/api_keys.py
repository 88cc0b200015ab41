"""API keys: who may do what on whose transactions. Only a hash of the secret is kept; it is shown once.

A key reads `txn_<key id>_<secret>`: the prefix makes it findable by scanners for leaked secrets, the key id by
us, and the secret has 256 bits, so that one round of SHA-256 is enough (a password hash guards guessable secrets).
A key may be bound: to terminals, to signed requests (`txn_core.signing`), to limits of its own (`txn_core.quotas`).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NewType, get_args

from txn_core.aws.errors import carried_out
from txn_core.dynamodb.attributes import number, string, strings
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.exceptions import SettingsError
from txn_core.quotas import BY_SETTINGS, Limits
from txn_core.transactions.faults import TERMINAL_ID_PATTERN
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account
from txn_core.transactions.instants import Instant, instant_of, now

Scope = Literal[
    "transactions:write",
    "transactions:read",
    "customer:read",
    "cards:lookup",
    "admin",
    "alerts:read",
    "cases:write",
    "labels:write",
    "rules:write",
    "models:activate",
    "insight:read",
    "operations:read",
    "operations:write",
]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
KeyId = NewType("KeyId", str)

SCOPES_VERSION: Final = 2
"""Since this version of a key's scopes `transactions:read` shows no names, birth dates and streets by itself."""

PREFIX: Final = "txn"
ALL_ACCOUNTS: Final = "*"
_KEY_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32
TERMINALS_MAX: Final = 1_000
"""Terminals that one key may be bound to: what is kept of a key is one DynamoDB item."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key. It writes and reads its account, and reads the accounts it was granted besides."""

    key_id: KeyId
    secret_sha256: str
    account: Account
    scopes: frozenset[Scope]
    name: str
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    granted_accounts: frozenset[str] = frozenset()
    terminal_ids: frozenset[str] = frozenset()
    """The terminals that it may send for; none named is any."""
    requires_signature: bool = False
    limits: Limits = BY_SETTINGS

    def admits(self, secret: str, at: Instant) -> bool:
        """Whether the secret is this key's and the key is in force at that moment."""
        return self.is_of(secret) and self.is_in_force(at)

    def is_of(self, secret: str) -> bool:
        """Whether the secret is this key's."""
        return hmac.compare_digest(hashlib.sha256(secret.encode()).hexdigest(), self.secret_sha256)

    def is_in_force(self, at: Instant) -> bool:
        """Whether the key is neither revoked nor expired at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def split(presented: str) -> tuple[KeyId, str] | None:
    """The key id and the secret of a presented key; none when it is not in our form."""
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    well_formed = prefix == PREFIX and len(key_id) == 2 * _KEY_ID_BYTES and len(secret) == 2 * _SECRET_BYTES
    return (KeyId(key_id), secret) if well_formed and (key_id + secret).isalnum() and presented.isascii() else None


def is_key_id(text: str) -> bool:
    """Whether a text has the form of a key's id."""
    return len(text) == 2 * _KEY_ID_BYTES and text.isascii() and text.isalnum()


def mint(
    *,
    account: Account,
    scopes: Iterable[Scope],
    name: str = "",
    expires_in: timedelta | None = None,
    granted_accounts: Iterable[str] = (),
    terminal_ids: Iterable[str] = (),
    requires_signature: bool = False,
    limits: Limits = BY_SETTINGS,
) -> tuple[ApiKey, str]:
    """Make a key: what is kept of it, and the whole key as its holder presents it, which is not kept.

    Raises:
        SettingsError: an account or a terminal is not in the form of such ids, terminals are too many, or no scope
            is given.
    """
    terminals = frozenset(terminal_ids)
    if len(terminals) > TERMINALS_MAX or not all(re.fullmatch(TERMINAL_ID_PATTERN, name) for name in terminals):
        raise SettingsError(f"a terminal is 1 to 32 of A-Z, a-z, 0-9, _ and -; a key has {TERMINALS_MAX} at most")
    granted, allowed = frozenset(granted_accounts), frozenset(scopes)
    if not all(re.fullmatch(ACCOUNT_PATTERN, name) for name in {account, *granted} - ({ALL_ACCOUNTS} & granted)):
        raise SettingsError("an account is 1 to 64 characters of a-z, 0-9, _ and -")
    if not allowed:
        raise SettingsError("a key needs at least one scope")
    key_id, secret = KeyId(secrets.token_hex(_KEY_ID_BYTES)), secrets.token_hex(_SECRET_BYTES)
    key = ApiKey(
        key_id=key_id,
        secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
        account=account,
        scopes=allowed,
        name=name,
        created_at=now(),
        expires_at=None if expires_in is None else instant_of(datetime.now(UTC) + expires_in),
        granted_accounts=granted,
        terminal_ids=terminals,
        requires_signature=requires_signature,
        limits=limits,
    )
    return key, f"{PREFIX}_{key_id}_{secret}"


class ApiKeyTable(DynamoDBTable):
    """The keys in DynamoDB."""

    async def put(self, key: ApiKey) -> None:
        """Keep a key."""
        texts = {"name": key.name, "expires_at": key.expires_at, "revoked_at": key.revoked_at}
        sets = {"granted_accounts": key.granted_accounts, "terminal_ids": key.terminal_ids}
        limits = {name: number(limit) for name, limit in asdict(key.limits).items() if limit is not None}
        item: dict[str, Any] = {
            "key_id": string(key.key_id),
            "secret_sha256": string(key.secret_sha256),
            "account": string(key.account),
            "scopes": strings(sorted(key.scopes)),
            "scopes_version": number(SCOPES_VERSION),
            "created_at": string(key.created_at),
            **{name: string(text) for name, text in texts.items() if text},
            **{name: strings(sorted(members)) for name, members in sets.items() if members},
            **({"requires_signature": {"BOOL": True}} if key.requires_signature else {}),
            **({"limits": {"M": limits}} if limits else {}),
        }
        await self._client.put_item(TableName=self._name, Item=item)

    async def get(self, key_id: KeyId) -> ApiKey | None:
        """A key by its id, revoked and expired ones too."""
        if (item := await self._item({"key_id": string(key_id)})) is None:
            return None
        limits = item.get("limits", {}).get("M", {})
        expires_at, revoked_at = (item.get(name, {}).get("S") for name in ("expires_at", "revoked_at"))
        return ApiKey(
            key_id=key_id,
            secret_sha256=item["secret_sha256"]["S"],
            account=Account(item["account"]["S"]),
            scopes=_scopes_of(item),
            name=item.get("name", {}).get("S", ""),
            created_at=Instant(item["created_at"]["S"]),
            expires_at=Instant(expires_at) if expires_at else None,
            revoked_at=Instant(revoked_at) if revoked_at else None,
            granted_accounts=frozenset(item.get("granted_accounts", {}).get("SS", ())),
            terminal_ids=frozenset(item.get("terminal_ids", {}).get("SS", ())),
            requires_signature=item.get("requires_signature", {}).get("BOOL", False),
            limits=Limits(**{name: int(limits[name]["N"]) for name in asdict(BY_SETTINGS) if name in limits}),
        )

    async def items(self) -> AsyncIterator[Any]:
        """All items of the table as DynamoDB gives them, read consistently."""
        start: dict[str, Any] = {}
        while True:
            page: Any = await self._client.scan(TableName=self._name, ConsistentRead=True, **start)
            for item in page["Items"]:
                yield item
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    async def restore(self, item: Any) -> bool:
        """Put back an item that `items` gave; false when there is one of its key id, which stays as it is."""
        return await self._put_if_absent(item, "key_id")

    async def revoke(self, key_id: KeyId) -> bool:
        """Revoke a key for good; false when there is none of that id. Caches notice within their own bound."""
        return await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"key_id": string(key_id)},
                UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :now)",
                ConditionExpression="attribute_exists(key_id)",
                ExpressionAttributeValues={":now": string(now())},
            )
        )


def _scopes_of(item: Any) -> frozenset[Scope]:
    """The scopes of a stored key. A key without a version was made before `customer:read`, and keeps what it had."""
    scopes = frozenset(scope for scope in SCOPES if scope in item["scopes"]["SS"])
    had_all = "scopes_version" not in item and "transactions:read" in scopes
    return scopes | {"customer:read"} if had_all else scopes
