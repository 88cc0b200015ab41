"""Which batch a file is: the same content of the same account, read in the same way, is the same batch.

A batch is known by the SHA-256 of its file. The digest itself is kept nowhere: of a file with one row, whoever knows
the rest of the row could try card numbers against it (promise P5). So the id is an HMAC under the ingest key, and the
digest stands in the receipt sealed (AES-256-GCM) and bound to the id.
"""

import base64
import hmac
import os
from typing import Final, NewType, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

BatchId = NewType("BatchId", str)
Sha256 = NewType("Sha256", str)
"""The SHA-256 of a file's bytes, as 64 hex digits."""

BATCH_PATTERN: Final = r"bat_[0-9a-f]{32}"
_NONCE_BYTES: Final = 12


class BatchKey:
    """Names batches, and seals and opens the digests of their files."""

    def __init__(self, key: bytes) -> None:
        self._naming = _derived(key, b"txn-api/batch-id")
        self._cipher = AESGCM(_derived(key, b"txn-api/batch-digest"))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The key of a process.

        Raises:
            SettingsError: the settings have none.
        """
        if settings.ingest_key is None:
            raise SettingsError("TXN_INGEST_KEY is required: the key of batch ids, base64 of 32 random bytes")
        return cls(settings.ingest_key.get_secret_value())

    def batch_id(self, account: Account, sha256: Sha256, reading: str = "") -> BatchId:
        """The id of a file's batch; `reading` is what was said about how to read it."""
        text = f"{account}\0{sha256}\0{reading}"
        return BatchId(f"bat_{hmac.digest(self._naming, text.encode(), 'sha256').hex()[:32]}")

    def seal(self, sha256: Sha256, batch: BatchId) -> str:
        """The digest for a batch's receipt, base64."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, bytes.fromhex(sha256), batch.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, batch: BatchId) -> Sha256 | None:
        """The digest again; None when it was sealed under another key, for another batch, or is damaged."""
        try:
            data = base64.b64decode(sealed)
            opened = self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], batch.encode())
        except (InvalidTag, ValueError):  # the latter of what is no base64, or too short
            return None
        return Sha256(opened.hex())


def _derived(key: bytes, context: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=context).derive(key)
