"""Holds signed requests against their signatures, each of which opens once (`txn_core.signing` says what is signed).

What was used is kept in this process's memory for as long as a signature can be in time (`used_macs.py`). Where it is
wanted, it is kept for all processes as well; without that, what holds at another one is that a transaction sent again
is the same transaction (ADR 15).
"""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Scope

from txn_api.access.replay_cache import ReplayCache
from txn_api.edge.headers import Headers
from txn_api.problems import SignatureExpired, SignatureInvalid, SignatureMissing, SignatureReplayed
from txn_api.stores import store_reads
from txn_core.api_keys import KeyId
from txn_core.signing import WINDOW_S, Signature, SignedHead, claimed_digest, signing_secret

Use = Callable[[str, int], Awaitable[bool]]
"""Uses a signature for all processes until a moment; false when one of them did before."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A signature that is in form, of the right key, in time and not used yet; nothing else is known of it."""

    key_id: KeyId
    signature: Signature
    head: SignedHead
    digest: str | None
    """The SHA-256 of the body, in hex, if the head names it: then the head alone verifies the signature."""


class Signatures:
    """Verifies signatures under secrets derived from the identity key."""

    def __init__(
        self, identity_key: bytes, *, use: Use | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._identity_key, self._use, self._clock = identity_key, use, clock
        self._used = ReplayCache()

    # In three steps, the first of which needs no body and takes no secret.

    def read(self, key_id: KeyId, scope: Scope, headers: Headers) -> Unverified:
        """What the head of a request says of its signature.

        Raises:
            SignatureMissing: there is none.
            SignatureInvalid: it is not in form, or not of this key.
            SignatureExpired: its time is not now.
            SignatureReplayed: it was used before.
        """
        if not (text := headers.get("signature", "")):
            raise SignatureMissing
        signature = Signature.parse(text)
        if signature is None or not hmac.compare_digest(signature.key_id, key_id):
            raise SignatureInvalid
        self._hold_in_time(signature)
        if self._used.knows(signature.mac, signature.at):
            raise SignatureReplayed
        idempotency_key = headers.get("idempotency-key", "").encode("latin-1")
        head = SignedHead(signature.at, scope["method"], _target(scope), idempotency_key)
        return Unverified(key_id, signature, head, claimed_digest(headers.get("content-digest", "")))

    def hold(self, unverified: Unverified, digest: str) -> None:
        """Hold a signature against its request, whose body has this SHA-256 in hex.

        Raises:
            SignatureInvalid: it is not of this request, or the head names another digest.
        """
        if unverified.digest not in {None, digest}:
            raise SignatureInvalid
        mac = unverified.head.mac(signing_secret(self._identity_key, unverified.key_id), digest)
        if not hmac.compare_digest(mac, unverified.signature.mac):
            raise SignatureInvalid

    async def use(self, verified: Unverified) -> None:
        """Use a signature up that was found good.

        Raises:
            SignatureExpired: its time is over meanwhile.
            SignatureReplayed: it was used before.
            Overloaded: it could not be remembered, so it is not taken.
            StoreUnavailable: it cannot be told whether another process saw it.
        """
        signature = verified.signature
        self._hold_in_time(signature)
        self._used.use(verified.key_id, signature.mac, signature.at, self._clock())
        if self._use is not None:
            async with store_reads():
                first = await self._use(signature.mac, signature.at + WINDOW_S)
            if not first:
                raise SignatureReplayed

    def _hold_in_time(self, signature: Signature) -> None:
        if abs(self._clock() - signature.at) > WINDOW_S:
            raise SignatureExpired


def _target(scope: Scope) -> bytes:
    """The path with its query, as it was sent."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path
