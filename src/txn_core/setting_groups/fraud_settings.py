"""Settings of fraud scoring: whose models are taken."""

import base64
import binascii
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field, SecretBytes

_ED25519_BYTES: Final = 32
MODEL_KEYS_MAX: Final = 8


def _ed25519_key(value: object) -> object:
    """Decode a key of Ed25519 given as base64 (RFC 8032: 32 bytes, public and private alike)."""
    if not isinstance(value, str):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(key) != _ED25519_BYTES:
        raise ValueError(f"not {_ED25519_BYTES} bytes")
    return key


class FraudSettings(BaseModel):
    """The keys of models."""

    model_keys: list[Annotated[bytes, BeforeValidator(_ed25519_key)]] = Field(
        default_factory=list,
        max_length=MODEL_KEYS_MAX,
        description='public keys (Ed25519) of those who sign models, `["<base64>"]`; the shipped model\'s is known',
    )
    model_signing_key: Annotated[SecretBytes, BeforeValidator(_ed25519_key)] | None = Field(
        None, description="private key (Ed25519) that signs models in `txn train` and `txn models`, base64"
    )

    @property
    def signs_models(self) -> bytes | None:
        """The private key's bytes, where there is one."""
        return None if self.model_signing_key is None else self.model_signing_key.get_secret_value()
