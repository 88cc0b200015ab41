"""Who a model comes from: Ed25519 (RFC 8032) over the bytes of its manifest."""

import base64
import binascii
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fraud.model.model_errors import ModelError

SIGNATURE_BYTES = 64
_CONTEXT = b"txn-api/model/1\0"
"""Stands before what is signed, so that no signature of another thing is one of a model."""


def signed(manifest: bytes, private_key: bytes) -> bytes:
    """The signature of a manifest under a private key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_CONTEXT + manifest)


def public_key_of(private_key: bytes) -> bytes:
    """The public key, 32 bytes, of a private one."""
    public = Ed25519PrivateKey.from_private_bytes(private_key).public_key()
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def check_signature(manifest: bytes, signature: bytes, keys: Iterable[bytes]) -> None:
    """Return when one of the trusted public keys has signed the manifest.

    Raises:
        ModelError: none has.
    """
    if len(signature) != SIGNATURE_BYTES:
        raise ModelError(f"the model's signature is not {SIGNATURE_BYTES} bytes long")
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, _CONTEXT + manifest)
        except (InvalidSignature, ValueError):  # ValueError: no point of the curve
            continue
        return
    raise ModelError("the model is signed by no key that is trusted (TXN_MODEL_KEYS), or was changed since")


def key_of_text(text: str) -> bytes:
    """The 32 bytes of a key in base64.

    Raises:
        ModelError: it is none.
    """
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ModelError("a key of models is 32 bytes in base64")
    return key
