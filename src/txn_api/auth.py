"""Who calls, and what they may do: API keys, checked from a short cache, and scopes as route dependencies."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import Depends, Request

from txn_api.headers import Headers
from txn_api.problems import AccountForbidden, ApiKeyInvalid, ApiKeyMissing, ScopeMissing, StoreUnavailable
from txn_api.stores import STORE_ERRORS
from txn_core.api_keys import ApiKey, KeyId, Scope, split
from txn_core.identity import Account
from txn_core.instants import now

CACHED_KEYS_MAX: Final = 10_000
# While the key table cannot be reached, a key that was good this recently still opens the write path.
STALE_S_MAX: Final = 300.0

log = structlog.get_logger()
FindKey = Callable[[KeyId], Awaitable[ApiKey | None]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: an API key that was found good."""

    key: ApiKey

    @property
    def account(self) -> Account:
        """The account that the key writes to."""
        return self.key.account

    def require(self, *scopes: Scope) -> None:
        """Hold the call against the key's scopes.

        Raises:
            ScopeMissing: one of the scopes is not the key's.
        """
        if not self.key.scopes.issuperset(scopes):
            raise ScopeMissing

    def reads(self, account: Account | None) -> Account:
        """The account to read: the key's own unless another was asked for and granted.

        Raises:
            AccountForbidden: it was not granted.
        """
        if account is None:
            return self.account
        if not self.key.may_read(account):
            raise AccountForbidden
        return account


@dataclass(frozen=True, slots=True)
class _Cached:
    key: ApiKey | None
    checked_at: float


class Authenticator:
    """Turns presented keys into principals. The cache is bounded and keyed by hash; it never holds a secret."""

    def __init__(self, find: FindKey, cache_s: float) -> None:
        self._find, self._cache_s = find, cache_s
        self._cache: OrderedDict[bytes, _Cached] = OrderedDict()

    async def principal(self, headers: Headers) -> Principal:
        """The principal of a request.

        Raises:
            ApiKeyMissing: no key was presented.
            ApiKeyInvalid: the key is unknown, expired or revoked.
            StoreUnavailable: the key could not be checked.
        """
        presented = _presented(headers)
        if presented is None:
            raise ApiKeyMissing
        key = await self._key(presented)
        # A cached key may have expired since.
        if key is None or (key.expires_at is not None and key.expires_at <= now()):
            raise ApiKeyInvalid
        return Principal(key)

    async def _key(self, presented: str) -> ApiKey | None:
        if (parts := split(presented)) is None:
            return None
        digest = hashlib.sha256(presented.encode()).digest()
        cached = self._cache.get(digest)
        age_s = time.monotonic() - cached.checked_at if cached else 0.0
        if cached and age_s < self._cache_s:
            return cached.key
        try:
            key = await self._check(*parts)
        except STORE_ERRORS as error:
            if cached and cached.key and age_s < STALE_S_MAX:
                return cached.key
            log.warning("api key not checked", error=type(error).__name__)
            raise StoreUnavailable from None
        self._cache[digest] = _Cached(key, time.monotonic())
        self._cache.move_to_end(digest)
        if len(self._cache) > CACHED_KEYS_MAX:
            self._cache.popitem(last=False)
        return key

    async def _check(self, key_id: KeyId, secret: str) -> ApiKey | None:
        key = await self._find(key_id)
        return key if key is not None and key.admits(secret, now()) else None


def _presented(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "") or None


def requires(*scopes: Scope) -> Any:
    """A dependency that gives the route its principal, holding all these scopes."""

    async def principal(request: Request) -> Principal:
        authenticator: Authenticator = request.app.state.services.authenticator
        found = await authenticator.principal(request.headers)
        found.require(*scopes)
        return found

    return Depends(principal)
