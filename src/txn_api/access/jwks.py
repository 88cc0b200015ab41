"""The keys that an issuer of tokens publishes (JWKS, RFC 7517), fetched, bounded and kept for a while.

A key that is not known may be a new one, so the set is fetched again, but not more often than once in
`REFETCH_S_MIN`: tokens that name made-up keys make no load. While the issuer is away, known keys go on for an hour.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import httpx
import jwt
import structlog
from pydantic_core import from_json

from txn_api.problems import StoreUnavailable

DOCUMENT_BYTES_MAX: Final = 256 << 10
KEYS_MAX: Final = 100
FETCH_S_MAX: Final = 5.0
REFETCH_S_MIN: Final = 10.0
STALE_S_MAX: Final = 3_600.0

_log = structlog.get_logger()
Fetch = Callable[[], Awaitable[bytes]]


class JwksError(Exception):
    """What came is not a set of keys."""


class Jwks:
    """The signing keys of an issuer by their ids."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        algorithms: Sequence[str],
        cache_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._algorithms, self._cache_s, self._clock = fetch, algorithms, cache_s, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._next_fetch_at = -float("inf")
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key(self, key_id: object) -> jwt.PyJWK | None:
        """A key by its id; none when the issuer has no such key.

        Raises:
            StoreUnavailable: the issuer was not reached, so that it cannot be told.
        """
        if not isinstance(key_id, str):
            return None
        if key_id not in self._keys or self._clock() - self._fetched_at >= self._cache_s:
            await self._refresh()
        found = self._keys.get(key_id)
        too_old = self._clock() - self._fetched_at >= max(self._cache_s, STALE_S_MAX)
        if self._failed and (found is None or too_old):
            raise StoreUnavailable
        return found

    async def _refresh(self) -> None:
        async with self._fetching:
            # Whoever waited for another's fetch finds it done.
            if self._clock() < self._next_fetch_at:
                return
            try:
                async with asyncio.timeout(FETCH_S_MAX):
                    keys = parse(await self._fetch(), self._algorithms)
            except (httpx.HTTPError, JwksError, TimeoutError, OSError) as error:
                _log.warning("issuer_keys_not_fetched", error=type(error).__name__)
                self._failed = True
            else:
                self._keys, self._fetched_at, self._failed = keys, self._clock(), False
            self._next_fetch_at = self._clock() + REFETCH_S_MIN


def parse(document: bytes, algorithms: Sequence[str]) -> dict[str, jwt.PyJWK]:
    """The public keys of a set that may verify with one of these algorithms; others are passed over.

    Raises:
        JwksError: it is not a set of keys, or of far too many.
    """
    try:
        members = from_json(document)["keys"]
    except (ValueError, TypeError, KeyError):
        raise JwksError from None
    if not isinstance(members, list) or len(members) > KEYS_MAX:
        raise JwksError
    keys: dict[str, jwt.PyJWK] = {}
    for member in members:
        if (key := _key(member, algorithms)) is not None:
            keys.setdefault(member["kid"], key)
    return keys


def _key(member: Any, algorithms: Sequence[str]) -> jwt.PyJWK | None:
    """A member as a key, if it is one that may verify; `d` is what only a private key has."""
    if not isinstance(member, dict) or member.get("use", "sig") != "sig" or "d" in member:
        return None
    named = member.get("alg")
    if not isinstance(member.get("kid"), str) or not (named is None or named in algorithms):
        return None
    try:
        key = jwt.PyJWK(member)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return key if key.algorithm_name in algorithms else None


async def fetch_document(client: httpx.AsyncClient, url: str) -> bytes:
    """The document at a URL, as far as its bound.

    Raises:
        JwksError: it is longer.
        HTTPError: it was not had.
    """
    # Compressed, a small answer could be a large document.
    # A redirect might lead anywhere, and away from TLS.
    identity = {"Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=identity, follow_redirects=False) as answer:
        answer.raise_for_status()
        document = b""
        async for piece in answer.aiter_raw():
            document += piece
            if len(document) > DOCUMENT_BYTES_MAX:
                raise JwksError
        return document
