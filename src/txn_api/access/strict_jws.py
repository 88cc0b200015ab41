"""A signed JWT in the compact form, read as strictly as the RFCs have it, where a lenient reader would guess.

Refused are padding behind base64url and bits that nothing stands for (RFC 7515, 2; RFC 4648, 3.5), names that come
twice (RFC 7515, 4; RFC 7519, 4), numbers and texts that JSON or UTF-8 do not have (RFC 8259, 6 and 8.1). PyJWT's own
reader looks at each character by itself: 7 KB took it ten times as long as the verification of the signature.
"""

import json
import re
from binascii import a2b_base64, b2a_base64
from typing import Any, Final, NamedTuple

_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


HEAD_CHARS_MAX: Final = 1_024
"""Of a header, which is read before anything is verified: algorithm, type and the name of a key take a tenth."""
SIGNATURE_CHARS_MAX: Final = 1_366
"""Bytes of the longest signature: RSA with 8,192 bits."""


SHORT_CHARS_MAX: Final = 2_048
SHORT_SEPARATORS_MAX: Final = 64
"""Of claims that are read before they are verified: those of usual tokens take half as many."""


class NotStrictError(ValueError):
    """It is not what the RFC says. Its text quotes nothing."""


class Compact(NamedTuple):
    """The three parts of a token. Only its head was read; nothing is verified."""

    head: dict[str, Any]
    signed: str
    """The first two parts, as they were signed."""
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """The members of the second part. Raises as `compact`."""
        return object_of(_decoded(self.signed.partition(".")[2]))

    def short_claims(self) -> dict[str, Any]:
        """The same of claims that are few and short, which cost next to nothing. Raises as `compact`."""
        part = self.signed.partition(".")[2]
        document = _decoded(part) if len(part) <= SHORT_CHARS_MAX else b""
        if sum(map(document.count, (b",", b"[", b"{"))) > SHORT_SEPARATORS_MAX:
            raise NotStrictError
        return object_of(document)


def compact(token: str) -> Compact:
    """A token taken apart.

    Raises:
        NotStrictError: it is in another form, its header is no JSON object of this strictness, or longer than any is;
            or its signature is.
    """
    if not _COMPACT.fullmatch(token):
        raise NotStrictError
    signed, _, signature = token.rpartition(".")
    head = signed.partition(".")[0]
    if len(head) > HEAD_CHARS_MAX or len(signature) > SIGNATURE_CHARS_MAX:
        raise NotStrictError
    return Compact(object_of(_decoded(head)), signed, _decoded(signature))


def _decoded(part: str) -> bytes:
    """The bytes of one part, whose characters are those of base64url, and of which there is one way to write them."""
    plain = part.encode().translate(_PLAIN)
    decoded = a2b_base64(plain + b"=" * (-len(plain) % 4))
    # Only the last few characters may have bits that stand for nothing.
    if (behind := len(decoded) % 3) and not plain.endswith(b2a_base64(decoded[-behind:]).rstrip(b"=\n")):
        raise NotStrictError
    return decoded


def object_of(document: bytes) -> dict[str, Any]:
    """The members of a JSON object.

    Raises:
        NotStrictError: it is none, not in UTF-8, names something twice, or holds NaN or Infinity.
    """
    try:
        # From bytes, the standard library would read UTF-16 and UTF-32, too.
        found = _READER.decode(document.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotStrictError from None
    if not isinstance(found, dict):
        raise NotStrictError
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictError
    return members


def _refuse(_: str) -> None:
    raise NotStrictError


_READER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)
