"""Signed requests as clients make them."""

import base64
import hashlib
from typing import NamedTuple

from txn_core.signing import SignedHead, digest_of


class Signed(NamedTuple):
    """What a signature is made of."""

    at: int
    method: str
    target: bytes
    idempotency_key: bytes
    body: bytes

    def message(self) -> bytes:
        """The bytes that are signed."""
        return SignedHead(*self[:4]).message(digest_of(self.body))

    def mac(self, secret: str) -> str:
        """The signature's `v1`, as `SignedHead.mac` has it."""
        return SignedHead(*self[:4]).mac(secret, digest_of(self.body))


def content_digest(body: bytes) -> str:
    """The value of a `Content-Digest` header (RFC 9530, 2) for a body as it is sent."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
