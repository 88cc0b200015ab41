"""From a presented credential to who calls: API keys and, where configured, OAuth2 access tokens.

What was found good is cached for a short while under its hash, so that a request costs a hash and a look-up.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

import structlog

from txn_api.access.credential import Credential
from txn_api.access.key_misses import MissBudget
from txn_api.access.principal import Principal
from txn_api.access.rate_limits import Limiter
from txn_api.access.tokens import TOKEN_CHARS_MAX, Tokens, resembles_token
from txn_api.edge.headers import RawHeaders
from txn_api.problems import ApiKeyInvalid, ApiKeyMissing, Problem, StoreUnavailable, TokenInvalid
from txn_api.stores import STORE_ERRORS
from txn_core.api_keys import ApiKey, KeyId, split
from txn_core.quotas import BY_SETTINGS, UNLIMITED
from txn_core.recent import remember
from txn_core.single_flight import SingleFlight
from txn_core.transactions.instants import datetime_of, now

CACHED_MAX: Final = 10_000
HASHED_BYTES_MAX: Final = 256
"""Of a credential that is no token: a key has 85."""
# While the key table cannot be reached, nobody can revoke a key in it: one that was good this recently goes on.
STALE_S_MAX: Final = 900.0
READ_S_MAX: Final = 10.0
# What a key that was good waits for a table that does not answer, and then does not wait again at least.
RENEWAL_S_MAX: Final = 1.0

_log = structlog.get_logger()
FindKey = Callable[[KeyId], Awaitable[ApiKey | None]]


@dataclass(frozen=True, slots=True)
class Found:
    """A credential that was found good, and until when that may be relied on. Times are of the monotonic clock."""

    principal: Principal
    checked_at: float
    """When the look began whose answer this is: what was revoked later is not in it."""
    fresh_until: float

    def left_s(self, kept_s_min: float = 0.0) -> float:
        """Seconds until the credential has to be asked for again by somebody who relies on each look for so long."""
        return max(self.fresh_until, self.checked_at + kept_s_min) - time.monotonic()


class Authenticator:
    """Turns what is presented into principals. The cache is bounded and keyed by hash; it never holds a secret."""

    def __init__(
        self,
        find: FindKey,
        cache_s: float,
        *,
        limiter: Limiter | None = None,
        tokens: Tokens | None = None,
        guesses: MissBudget | None = None,
    ) -> None:
        # A key that expires from the cache under load is asked for by every request at once.
        self._found, self._cache_s = SingleFlight(find, READ_S_MAX), cache_s
        self._looks = SingleFlight(self._look, READ_S_MAX)
        self._limiter, self._tokens = limiter or Limiter(UNLIMITED), tokens
        self._guessing = guesses or MissBudget()
        self._cache: OrderedDict[bytes, Found] = OrderedDict()
        # Until when each stays refused. Apart, so that guesses push no good key out.
        self._refused: OrderedDict[bytes, float] = OrderedDict()

    async def principal(self, headers: RawHeaders) -> Principal:
        """The principal of a request. Raises as `found`."""
        return self.known(headers) or (await self.found(headers)).principal

    async def found(self, headers: RawHeaders, former: Found | None = None) -> Found:
        """What the credential of a request is found to be, now.

        With `former`, what it was found to be when the request began, an outage of the key table is survived also by
        a credential that the cache has forgotten since.

        Raises:
            ApiKeyMissing: no credential was presented.
            ApiKeyInvalid: the key is unknown, expired or revoked.
            TokenInvalid: the token does not verify, or says too little.
            StoreUnavailable: the credential could not be checked.
            Overloaded: the key or token was not seen here before, and too many guesses are being made to look it up.
        """
        credential = _credential(headers)
        if credential is None:
            raise ApiKeyMissing
        if not self._may_be_one(credential):
            raise self._refusal(credential)
        digest = credential.digest
        found = self._cache.get(digest) or former
        if found is None or found.left_s() <= 0:
            found = await self._check(credential.text, digest, found)
        if found is None or found.principal.has_ended(time.time()):
            raise self._refusal(credential)
        return found

    def known(self, headers: RawHeaders) -> Principal | None:
        """The principal of a request whose credential was found good a short while ago, as nearly every one's was."""
        found = self.found_before(headers)
        return None if found is None else found.principal

    def found_before(self, headers: RawHeaders, kept_s_min: float = 0.0) -> Found | None:
        """What the credential was found to be a short while ago; None when it has to be asked for, or has expired.

        Somebody relies on each look for `kept_s_min` seconds at least.
        """
        credential = _credential(headers)
        if credential is None or (len(credential.raw) > HASHED_BYTES_MAX and not self._may_be_one(credential)):
            return None
        cached = self._cache.get(credential.digest)
        if cached is None:
            return None
        at = time.monotonic()
        if at >= cached.fresh_until and at >= cached.checked_at + kept_s_min:
            return None
        # What is cached may have expired since.
        principal = cached.principal
        return None if principal.expires_at_s is not None and principal.has_ended(time.time()) else cached

    def _may_be_one(self, credential: Credential) -> bool:
        """Whether a credential is not too long to be one: to hash a head full of anything is dear."""
        if len(credential.raw) <= HASHED_BYTES_MAX:
            return True
        if credential.may_be_one is None:
            text = credential.text
            credential.may_be_one = (
                self._tokens is not None and len(text) <= TOKEN_CHARS_MAX and resembles_token(text)
            )
        return credential.may_be_one

    def _refusal(self, credential: Credential) -> Problem:
        return TokenInvalid() if self._tokens and resembles_token(credential.text) else ApiKeyInvalid()

    async def _check(self, presented: str, digest: bytes, cached: Found | None) -> Found | None:
        """Ask again; None for a credential that is refused."""
        began = time.monotonic()
        if (refused_until := self._refused.get(digest)) is not None and began < refused_until:
            return None
        parts = split(presented)
        if parts is None:
            if self._tokens is None or not resembles_token(presented):
                raise ApiKeyInvalid
            principal = await self._of_token(self._tokens, presented, is_new=cached is None)
            return self._looked(digest, principal, began, self._tokens.trust_s)
        usable = cached is not None and time.monotonic() - cached.checked_at < STALE_S_MAX
        try:
            async with asyncio.timeout(RENEWAL_S_MAX if usable else None):
                with nullcontext() if cached else self._guessing.look():
                    return await self._looks.get((digest, *parts))
        except STORE_ERRORS as error:
            _log.warning("api_key_not_checked", error=type(error).__name__)
            if cached is None or not usable:
                raise StoreUnavailable from None
            return self._put_off(digest, cached)

    async def _look(self, presented: tuple[bytes, KeyId, str]) -> Found | None:
        """Look a key up and remember it, also when nobody waits for it any more."""
        digest, key_id, secret = presented
        began = time.monotonic()
        return self._looked(digest, await self._of_key(key_id, secret), began, self._cache_s)

    def _looked(self, digest: bytes, principal: Principal | None, began: float, trust_s: float) -> Found | None:
        """Remember what a look found that began then: for `trust_s` seconds a principal, or that there is none."""
        if principal is None:
            self._cache.pop(digest, None)
            remember(self._refused, digest, began + self._cache_s, CACHED_MAX)
            return None
        return self._keep(digest, Found(principal, began, began + trust_s))

    def _put_off(self, digest: bytes, cached: Found) -> Found:
        """Let a key that was good go on for a while, so that not every request waits for a table that is away."""
        until = time.monotonic() + max(self._cache_s, RENEWAL_S_MAX)
        return self._keep(digest, replace(cached, fresh_until=min(until, cached.checked_at + STALE_S_MAX)))

    def _keep(self, digest: bytes, found: Found) -> Found:
        self._refused.pop(digest, None)
        remember(self._cache, digest, found, CACHED_MAX)
        return found

    async def _of_key(self, key_id: KeyId, secret: str) -> Principal | None:
        key = await self._found.get(key_id)
        if key is None or not key.is_of(secret):
            self._guessing.missed()
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
            actor=f"key_{key.key_id}",
        )

    async def _of_token(self, tokens: Tokens, presented: str, *, is_new: bool) -> Principal | None:
        holder = await tokens.holder(presented, is_new=is_new)
        if holder is None:
            return None
        return Principal(
            account=holder.account,
            scopes=holder.scopes,
            expires_at_s=holder.expires_at_s,
            certificate_sha256=holder.certificate_sha256,
            allowances=self._limiter.of(f"token {holder.subject}", BY_SETTINGS),
            cards_of_mask_max=self._limiter.cards_of_mask_max(BY_SETTINGS),
            actor=f"sub_{holder.subject[:32]}",
        )


def _credential(headers: RawHeaders) -> Credential | None:
    """The credential of a request, which its headers keep. Raises as `_presented`."""
    if headers.credential is None and (presented := _presented(headers)) is not None:
        headers.credential = Credential(presented)
    return headers.credential


def _presented(headers: RawHeaders) -> bytes | None:
    """The credential of a request: a bearer's, or an API key in a header of its own.

    Raises:
        ApiKeyInvalid: a token stands where an API key does (RFC 6750, 2: tokens are sent as bearers').
    """
    if (value := headers.find(b"authorization")) is not None:
        scheme, _, token = value.partition(b" ")
        if scheme.lower() == b"bearer" and (token := token.strip()):
            return token
    key = headers.find(b"x-api-key")
    if key and resembles_token(key.decode("latin-1")):
        raise ApiKeyInvalid
    return key or None
