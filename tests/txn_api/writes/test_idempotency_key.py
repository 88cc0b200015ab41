"""The form of an `Idempotency-Key`, as it comes over the wire."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_api.edge.headers import RawHeaders
from txn_api.problems import IdempotencyKeyMalformed
from txn_api.writes.idempotency_key import CHARS_MAX, IDEMPOTENCY_KEY, PATTERN, idempotency_key

LONGEST = "k" * CHARS_MAX


def parsed(*values: bytes) -> str | None:
    scope = {"headers": [(b"host", b"x"), *((IDEMPOTENCY_KEY, value) for value in values)]}
    return idempotency_key(scope, RawHeaders(scope))


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b'"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (b"8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (b' "padded" ', "padded"),
        (b'"with spaces; and, more"', "with spaces; and, more"),
        (rb'"quote \" and \\ backslash"', r'quote " and \ backslash'),
        (b"Zm9v+/Zm9v==", "Zm9v+/Zm9v=="),
        (b"k", "k"),
        (f'"{LONGEST}"'.encode(), LONGEST),
        (LONGEST.encode(), LONGEST),
        (rb'"' + rb"\"" * CHARS_MAX + rb'"', '"' * CHARS_MAX),
    ],
)
def test_a_key_is_the_same_with_quotes_and_without(value: bytes, key: str) -> None:
    """A Structured Field String (RFC 9651, 3.3.3), or the bare text that clients of older APIs send."""
    assert parsed(value) == key


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"   ",
        b'""',
        b'"',
        b'"open',
        b'open"',
        b'"one" "two"',
        b'"one", "two"',
        b"one, two",
        b"one two",
        b'"key"; parameter=1',
        b"key;parameter=1",
        rb'"unknown \n escape"',
        rb"back\slash",
        b'"tab\there"',
        b'"null\x00"',
        b'"del\x7f"',
        "schlüssel".encode(),
        '"schlüssel"'.encode("latin-1"),
        f'"{LONGEST}k"'.encode(),
        f"{LONGEST}k".encode(),
    ],
)
def test_what_is_not_in_the_form_is_refused(value: bytes) -> None:
    """A key that was ignored instead would leave its sender unprotected."""
    with pytest.raises(IdempotencyKeyMalformed):
        parsed(value)


def test_a_request_has_one_key() -> None:
    """Clients must not send more than one, not even the same (the draft, 2.1)."""
    with pytest.raises(IdempotencyKeyMalformed):
        parsed(b"a", b"b")
    with pytest.raises(IdempotencyKeyMalformed):
        parsed(b"a", b"a")


def test_no_key_is_none() -> None:
    assert parsed() is None


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=CHARS_MAX))
def test_any_printable_ascii_can_be_quoted(key: str) -> None:
    """Serialised as RFC 9651, 4.1.6, has it, it comes back; and the document's pattern knows it."""
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert re.search(PATTERN, quoted)
    assert parsed(quoted.encode()) == key
