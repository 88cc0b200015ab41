"""A backup of the API keys: the table's items in one document, which nobody can change without the identity key.

API keys are in no view of the stream, so they cannot be rebuilt. A backup holds no secret: of a key it holds what the
table holds, a hash of 256 random bits. But whoever could write into a backup could grant himself every right once it
is restored. So a document carries an HMAC-SHA-256 under a secret that is derived from the identity key (ADR 15).
"""

import hmac
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant

FORMAT: Final = "txn-api-keys/1"
_CONTEXT: Final = b"txn-api/api_key_backup"
_NOT_OURS: Final = "this is no backup of API keys, or it was changed, or made under another TXN_IDENTITY_KEY"


def document_of(items: Iterable[Any], exported_at: Instant, identity_key: bytes) -> dict[str, Any]:
    """The document that keeps the items of a table of keys, ready to be written as JSON."""
    content = {
        "format": FORMAT,
        "exported_at": exported_at,
        "items": sorted(items, key=lambda item: str(item["key_id"]["S"])),
    }
    return {**content, "hmac_sha256": _mac(content, identity_key)}


def items_of(text: bytes, identity_key: bytes) -> tuple[list[Any], Instant]:
    """The items that a document keeps, and when it was made.

    Raises:
        StoreError: it is no such document, or was not made under this key as it is. The text quotes nothing.
    """
    try:
        document = json.loads(text)
    except ValueError:  # of JSON, and of UTF-8
        raise StoreError(_NOT_OURS) from None
    if not isinstance(document, dict):
        raise StoreError(_NOT_OURS)
    mac = document.pop("hmac_sha256", None)
    if not isinstance(mac, str) or re.fullmatch("[0-9a-f]{64}", mac) is None:
        raise StoreError(_NOT_OURS)
    # What is compared first is everything that is read afterwards.
    if not hmac.compare_digest(mac, _mac(document, identity_key)) or document.get("format") != FORMAT:
        raise StoreError(_NOT_OURS)
    return document["items"], Instant(document["exported_at"])


def _mac(content: Any, identity_key: bytes) -> str:
    secret = hmac.digest(identity_key, _CONTEXT, "sha256")
    return hmac.digest(secret, json.dumps(content, sort_keys=True, separators=(",", ":")).encode(), "sha256").hex()
