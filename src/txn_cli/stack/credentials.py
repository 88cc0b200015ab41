"""The secrets of one data directory: made at its first start, kept ever after, for its owner's eyes alone."""

import base64
import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from txn_cli.stack.datadir import DataDir, read_as, write_private

_INGEST_CONTEXT: Final = b"txn-api/local-ingest-key"
_MODEL_CONTEXT: Final = b"txn-api/local-model-signing-key"


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Keys as base64 text, the lake's access key pair, and the stack's own API key once it is made."""

    card_key: str
    identity_key: str
    cursor_key: str
    dead_letter_key: str
    access_key: str
    secret_key: str
    api_key: str = ""

    @property
    def ingest_key(self) -> str:
        """The key of batch ids as base64, made of the key of ids: folders of earlier versions have no other."""
        return self._derived(_INGEST_CONTEXT)

    @property
    def model_signing_key(self) -> str:
        """The private key of models (Ed25519) as base64, made of the key of ids for the same reason."""
        return self._derived(_MODEL_CONTEXT)

    def _derived(self, context: bytes) -> str:
        return base64.b64encode(hmac.digest(self.identity_key.encode(), context, "sha256")).decode()

    @classmethod
    def generate(cls) -> "Secrets":
        """Fresh secrets, each from the system's random source."""
        return cls(
            card_key=_key(),
            identity_key=_key(),
            cursor_key=_key(),
            dead_letter_key=_key(),
            access_key=f"AKIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_hex(20),
        )

    @classmethod
    def of(cls, data_dir: DataDir) -> "Secrets":
        """The secrets of this data directory, made and stored when it has none.

        Raises:
            StackError: the file is there and does not hold them. Making new ones would orphan the data.
        """
        return cls.read(data_dir) or cls.generate().stored(data_dir)

    @classmethod
    def read(cls, data_dir: DataDir) -> "Secrets | None":
        """The stored secrets; none in a folder that never was a stack."""
        return read_as(data_dir.document("secrets"), cls)

    def stored(self, data_dir: DataDir) -> "Secrets":
        """These secrets, after they were written."""
        write_private(data_dir.document("secrets"), asdict(self))
        return self


def _key() -> str:
    """A new key of 256 bits."""
    return base64.b64encode(secrets.token_bytes(32)).decode()
