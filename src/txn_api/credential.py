"""The credential that a request presents, read and hashed once however often it is asked for."""

import hashlib


class Credential:
    """What is presented, as text, and its hash, under which it is remembered."""

    __slots__ = ("_digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._digest: bytes | None = None

    @property
    def digest(self) -> bytes:
        """SHA-256 of the text."""
        if self._digest is None:
            self._digest = hashlib.sha256(self.text.encode()).digest()
        return self._digest
