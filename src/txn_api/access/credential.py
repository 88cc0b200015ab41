"""The credential that a request presents, read and hashed once however often it is asked for."""

import hashlib


class Credential:
    """What is presented, as it came, and its hash, under which it is remembered."""

    __slots__ = ("_digest", "may_be_one", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._digest: bytes | None = None
        self.may_be_one: bool | None = None
        """Whether a long one has the form of a token, once the authenticator has looked."""

    @property
    def text(self) -> str:
        """What is presented, as header fields are decoded (RFC 9110, 5.5)."""
        return self.raw.decode("latin-1")

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is presented."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.raw).digest()
        return self._digest
