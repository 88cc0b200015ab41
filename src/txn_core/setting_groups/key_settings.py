"""Settings of the keys. They have no default: outside the local stack a process without keys does not start."""

import base64
import binascii
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, SecretBytes

KEY_BYTES_MIN = 32
CARD_KEY_VERSION_MAX = 9_999  # a card id holds at most four digits of it
CARD_KEYS_MAX = 8
"""Versions of the card key at once: a look-up by card number reads each, an event carries an id under each."""


def _key_bytes(value: object) -> object:
    """Decode a key given as base64, and refuse one that is too short to be a key."""
    if not isinstance(value, str):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"shorter than {KEY_BYTES_MIN} bytes")
    return key


KeyMaterial = Annotated[SecretBytes, BeforeValidator(_key_bytes)]
CardKeyVersion = Annotated[int, Field(ge=1, le=CARD_KEY_VERSION_MAX)]


class KeySettings(BaseModel):
    """The keys that identify cards, merchants and customers, sign cursors and seal dead letters."""

    card_keys: dict[CardKeyVersion, KeyMaterial] = Field(
        default_factory=dict,
        max_length=CARD_KEYS_MAX,
        description='card keys by version as JSON, `{"1": "<base64>"}`; the highest one signs',
    )
    identity_key: KeyMaterial | None = Field(
        None, description="key of merchant and customer ids, never rotated, base64"
    )
    cursor_key: KeyMaterial | None = Field(None, description="key that signs paging cursors, base64")
    dead_letter_key: KeyMaterial | None = Field(None, description="key that seals dead letters (AES-GCM), base64")
