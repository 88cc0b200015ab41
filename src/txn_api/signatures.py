"""Holds signed requests against their signatures, each of which opens once (`txn_core.signing` says what is signed).

What was used is kept in this process's memory for as long as a signature can be in time (`used_macs.py`). Where it is
wanted, it is kept for all processes as well; without that, what holds at another one is that a transaction sent again
is the same transaction (ADR 15).
"""

import hmac
import time
from collections.abc import Awaitable, Callable

from starlette.types import Scope

from txn_api.headers import Headers
from txn_api.problems import SignatureExpired, SignatureInvalid, SignatureMissing, SignatureReplayed
from txn_api.stores import store_reads
from txn_api.used_macs import UsedMacs
from txn_core.api_keys import KeyId
from txn_core.signing import WINDOW_S, Signature, Signed, signing_secret

Use = Callable[[str, int], Awaitable[bool]]
"""Uses a signature for all processes until a moment; false when one of them did before."""


class Signatures:
    """Verifies signatures under secrets derived from the identity key."""

    def __init__(
        self, identity_key: bytes, *, use: Use | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._identity_key, self._use, self._clock = identity_key, use, clock
        self._used = UsedMacs()

    async def verify(self, key_id: KeyId, scope: Scope, headers: Headers, body: bytes) -> None:
        """Hold a request against its signature.

        Raises:
            SignatureMissing: there is none.
            SignatureInvalid: it is not in form, not of this key, or not of this request.
            SignatureExpired: its time is not now.
            SignatureReplayed: it was used before.
            Overloaded: it could not be remembered, so it is not taken.
            StoreUnavailable: it cannot be told whether another process saw it.
        """
        if not (text := headers.get("signature", "")):
            raise SignatureMissing
        signature = Signature.parse(text)
        if signature is None or not hmac.compare_digest(signature.key_id, key_id):
            raise SignatureInvalid
        signed = Signed(
            signature.at,
            scope["method"],
            _target(scope),
            headers.get("idempotency-key", "").encode("latin-1"),
            body,
        )
        if not hmac.compare_digest(signed.mac(signing_secret(self._identity_key, key_id)), signature.mac):
            raise SignatureInvalid
        at = self._clock()
        if abs(at - signature.at) > WINDOW_S:
            raise SignatureExpired
        self._used.use(key_id, signature.mac, signature.at, at)
        if self._use is not None:
            async with store_reads():
                first = await self._use(signature.mac, signature.at + WINDOW_S)
            if not first:
                raise SignatureReplayed


def _target(scope: Scope) -> bytes:
    """The path with its query, as it was sent."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path
