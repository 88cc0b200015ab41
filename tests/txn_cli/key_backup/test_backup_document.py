"""A backup of API keys is read as it was written, under the key that it was written under, and not otherwise."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import IDENTITY_KEY
from txn_cli.key_backup.backup_document import document_of, items_of
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant

AT = Instant("2026-11-30T12:00:00.000000Z")
ITEMS = [
    {"key_id": {"S": "b" * 16}, "scopes": {"SS": ["admin"]}, "requires_signature": {"BOOL": True}},
    {"key_id": {"S": "a" * 16}, "scopes": {"SS": ["admin"]}, "limits": {"M": {"reads_per_s": {"N": "5"}}}},
]
TEXT = json.dumps(document_of(ITEMS, AT, IDENTITY_KEY)).encode()


def test_items_come_back_as_they_were() -> None:
    """Attributes that this version does not know, too; in the order of their ids."""
    assert items_of(TEXT, IDENTITY_KEY) == (ITEMS[::-1], AT)
    spread = json.dumps(json.loads(TEXT), indent=2, sort_keys=True).encode()
    assert items_of(spread, IDENTITY_KEY) == (ITEMS[::-1], AT)


def test_known_answer() -> None:
    """So that the backups of earlier versions stay readable."""
    mac = json.loads(TEXT)["hmac_sha256"]
    assert mac == "186a8ec74dbed499254aec8a7e71aef1292c951b2c9113bf326a232a8fffae24"


def test_another_key_reads_nothing() -> None:
    with pytest.raises(StoreError, match="another TXN_IDENTITY_KEY"):
        items_of(TEXT, bytes(32))


def _changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(TEXT) | changes).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        _changed(hmac_sha256=None),
        _changed(hmac_sha256="é" * 64),
        _changed(exported_at="2026-11-30T12:00:01.000000Z"),
        _changed(items=[]),
        _changed(more=1),
        json.dumps(document_of(ITEMS, AT, IDENTITY_KEY) | {"format": "txn-api-keys/2"}).encode(),
    ],
)
def test_what_was_changed_is_refused(text: bytes) -> None:
    with pytest.raises(StoreError, match="no backup of API keys"):
        items_of(text, IDENTITY_KEY)


@given(st.integers(0, len(TEXT) - 1), st.integers(1, 255))
def test_no_byte_of_it_can_be_changed(place: int, difference: int) -> None:
    """A change is refused, or is one of blanks and of how JSON writes the very same."""
    changed = TEXT[:place] + bytes([TEXT[place] ^ difference]) + TEXT[place + 1 :]
    try:
        read = items_of(changed, IDENTITY_KEY)
    except StoreError:
        return
    assert read == items_of(TEXT, IDENTITY_KEY)
