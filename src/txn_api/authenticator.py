"""From a presented credential to who calls: API keys and, where configured, OAuth2 access tokens.

What was found good is cached for a short while under its hash, so that a request costs a hash and a look-up.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

import structlog

from txn_api.guesses import Guesses
from txn_api.headers import Headers
from txn_api.limits import Limiter
from txn_api.principal import Principal
from txn_api.problems import ApiKeyInvalid, ApiKeyMissing, StoreUnavailable, TokenInvalid
from txn_api.shared_reads import SharedReads
from txn_api.stores import STORE_ERRORS
from txn_api.tokens import Tokens, resembles_token
from txn_core.api_keys import ApiKey, KeyId, split
from txn_core.instants import datetime_of, now
from txn_core.limits import BY_SETTINGS, UNLIMITED

CACHED_MAX: Final = 10_000
# While the key table cannot be reached, nobody can revoke a key in it: one that was good this recently goes on.
STALE_S_MAX: Final = 900.0
READ_S_MAX: Final = 10.0
# What a key that was good waits for a table that does not answer, and then does not wait again at least.
RENEWAL_S_MAX: Final = 1.0

log = structlog.get_logger()
FindKey = Callable[[KeyId], Awaitable[ApiKey | None]]


@dataclass(frozen=True, slots=True)
class _Cached:
    principal: Principal | None
    checked_at: float
    fresh_until: float


class Authenticator:
    """Turns what is presented into principals. The cache is bounded and keyed by hash; it never holds a secret."""

    def __init__(
        self,
        find: FindKey,
        cache_s: float,
        *,
        limiter: Limiter | None = None,
        tokens: Tokens | None = None,
        guesses: Guesses | None = None,
    ) -> None:
        # A key that expires from the cache under load is asked for by every request at once.
        self._found, self._cache_s = SharedReads(find, READ_S_MAX), cache_s
        self._looks = SharedReads(self._look, READ_S_MAX)
        self._limiter, self._tokens = limiter or Limiter(UNLIMITED), tokens
        self._guesses = guesses or Guesses()
        self._cache: OrderedDict[bytes, _Cached] = OrderedDict()
        # Apart, so that guesses push no good key out.
        self._refused: OrderedDict[bytes, _Cached] = OrderedDict()

    async def principal(self, headers: Headers) -> Principal:
        """The principal of a request.

        Raises:
            ApiKeyMissing: no credential was presented.
            ApiKeyInvalid: the key is unknown, expired or revoked.
            TokenInvalid: the token does not verify, or says too little.
            StoreUnavailable: the credential could not be checked.
            Overloaded: the key was not seen here before, and too many guesses are being made to look it up.
        """
        if (principal := self.known(headers)) is not None:
            return principal
        presented = _presented(headers)
        if presented is None:
            raise ApiKeyMissing
        digest = _digest(presented)
        cached = self._cache.get(digest)
        if cached is None or time.monotonic() >= cached.fresh_until:
            cached = await self._check(presented, digest, cached)
        principal = cached.principal
        if principal is None or _has_ended(principal):
            raise TokenInvalid if self._tokens and resembles_token(presented) else ApiKeyInvalid
        return principal

    def known(self, headers: Headers) -> Principal | None:
        """The principal of a request whose credential was found good a short while ago, as nearly every one's was."""
        presented = _presented(headers)
        cached = None if presented is None else self._cache.get(_digest(presented))
        if cached is None or time.monotonic() >= cached.fresh_until:
            return None
        principal = cached.principal
        # What is cached may have expired since.
        return None if principal is None or _has_ended(principal) else principal

    async def _check(self, presented: str, digest: bytes, cached: _Cached | None) -> _Cached:
        refused = self._refused.get(digest)
        if refused is not None and time.monotonic() < refused.fresh_until:
            return refused
        parts = split(presented)
        if parts is None:
            if self._tokens is None or not resembles_token(presented):
                raise ApiKeyInvalid
            return self._keep(digest, await self._of_token(self._tokens, presented), self._tokens.trust_s)
        usable = cached is not None and time.monotonic() - cached.checked_at < STALE_S_MAX
        try:
            async with asyncio.timeout(RENEWAL_S_MAX if usable else None):
                with nullcontext() if cached else self._guesses.look():
                    return await self._looks.get((digest, *parts))
        except STORE_ERRORS as error:
            log.warning("api key not checked", error=type(error).__name__)
            if cached is None or not usable:
                raise StoreUnavailable from None
            return self._put_off(digest, cached)

    async def _look(self, presented: tuple[bytes, KeyId, str]) -> _Cached:
        """Look a key up and remember it, also when nobody waits for it any more."""
        digest, key_id, secret = presented
        return self._keep(digest, await self._of_key(key_id, secret), self._cache_s)

    def _put_off(self, digest: bytes, cached: _Cached) -> _Cached:
        """Let a key that was good go on for a while, so that not every request waits for a table that is away."""
        until = time.monotonic() + max(self._cache_s, RENEWAL_S_MAX)
        again = self._cache[digest] = replace(cached, fresh_until=min(until, cached.checked_at + STALE_S_MAX))
        return again

    def _keep(self, digest: bytes, principal: Principal | None, fresh_s: float) -> _Cached:
        place, other = (self._refused, self._cache) if principal is None else (self._cache, self._refused)
        other.pop(digest, None)
        at = time.monotonic()
        cached = place[digest] = _Cached(principal, at, at + fresh_s)
        place.move_to_end(digest)
        if len(place) > CACHED_MAX:
            place.popitem(last=False)
        return cached

    async def _of_key(self, key_id: KeyId, secret: str) -> Principal | None:
        key = await self._found.get(key_id)
        if key is None or not key.is_of(secret):
            self._guesses.missed()
            return None
        if not key.is_in_force(now()):
            return None
        return Principal(
            account=key.account,
            scopes=key.scopes,
            granted_accounts=key.granted_accounts,
            terminal_ids=key.terminal_ids,
            signs_with=key.key_id if key.requires_signature else None,
            expires_at_s=None if key.expires_at is None else datetime_of(key.expires_at).timestamp(),
            allowances=self._limiter.of(f"key {key.key_id}", key.limits),
            cards_of_mask_max=self._limiter.cards_of_mask_max(key.limits),
        )

    async def _of_token(self, tokens: Tokens, presented: str) -> Principal:
        holder = await tokens.verify(presented)
        return Principal(
            account=holder.account,
            scopes=holder.scopes,
            expires_at_s=holder.expires_at_s,
            allowances=self._limiter.of(f"token {holder.subject}", BY_SETTINGS),
            cards_of_mask_max=self._limiter.cards_of_mask_max(BY_SETTINGS),
        )


def _digest(presented: str) -> bytes:
    return hashlib.sha256(presented.encode()).digest()


def _has_ended(principal: Principal) -> bool:
    return principal.expires_at_s is not None and principal.expires_at_s <= time.time()


def _presented(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "") or None
