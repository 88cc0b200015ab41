"""Signed requests: whoever only overhears an API key can neither send with it nor change what was sent.

A signature stands in one header, `Signature: t=<unix seconds>,kid=<key id>,v1=<hex>`. `v1` is the HMAC-SHA-256 under
the key's signing secret over six lines without a newline at the end: `v1`, the time, the method, the target (the path
with its query, as sent), the `Idempotency-Key` (empty without one: it may decide the transaction's id), and the
SHA-256 of the body in hex.

A client that sends the body's SHA-256 also in the head, as `Content-Digest` (RFC 9530), lets the signature be
verified before the body is there (ADR 30).

The secret is derived from the identity key and the key's id (ADR 15). So nothing secret is stored, and a process
verifies without a look-up.
"""

import base64
import hashlib
import hmac
import re
from typing import Final, NamedTuple

from txn_core.api_keys import KeyId

SECRET_PREFIX: Final = "txnsig_"  # noqa: S105 - what makes a secret findable by scanners
WINDOW_S: Final = 300
"""How far a signature's time may lie from the server's, before or behind."""

_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_FORM: Final = re.compile(r"t=([0-9]{1,12}),kid=([0-9a-f]{16}),v1=([0-9a-f]{64})")


class SignedHead(NamedTuple):
    """What a signature is made of, without the body."""

    at: int
    method: str
    target: bytes
    idempotency_key: bytes

    def message(self, digest: str) -> bytes:
        """The bytes that are signed; `digest` is the body's SHA-256 in hex."""
        lines = (b"v1", b"%d" % self.at, self.method.encode(), self.target, self.idempotency_key, digest.encode())
        return b"\n".join(lines)

    def mac(self, secret: str, digest: str) -> str:
        """The signature's `v1`. The HMAC's key is the secret's text as it was shown."""
        return hmac.digest(secret.encode(), self.message(digest), "sha256").hex()


class Signature(NamedTuple):
    """A signature as it was sent."""

    at: int
    key_id: KeyId
    mac: str

    @classmethod
    def parse(cls, header: str) -> "Signature | None":
        """Read a header; none when it is not in our form."""
        found = _FORM.fullmatch(header)
        return None if found is None else cls(int(found[1]), KeyId(found[2]), found[3])

    def header(self) -> str:
        """The header's value."""
        return f"t={self.at},kid={self.key_id},v1={self.mac}"


def signing_secret(identity_key: bytes, key_id: KeyId) -> str:
    """The secret that requests with a key are signed under."""
    return SECRET_PREFIX + hmac.digest(identity_key, f"txn-api/signing_secret\0{key_id}".encode(), "sha256").hex()


def digest_of(body: bytes) -> str:
    """The SHA-256 of a body, in hex."""
    return hashlib.sha256(body).hexdigest()


def claimed_digest(header: str) -> str | None:
    """The SHA-256 that a `Content-Digest` header names, in hex; None without one, or with several.

    The header is a dictionary (RFC 9651, 3.2): digests by other algorithms may stand beside it.
    """
    found = [match[1] for member in header.split(",") if (match := _DIGEST.fullmatch(member.strip(" \t")))]
    return base64.b64decode(found[0]).hex() if len(found) == 1 else None
