"""The two JSON parts of a signed JWT, read as strictly as the RFCs have it, where a lenient reader would guess.

PyJWT verifies the signature. What it lets pass is refused here: padding behind base64url (RFC 7515, 2), names that
come twice (RFC 7515, 4; RFC 7519, 4), numbers and texts that JSON or UTF-8 do not have (RFC 8259, 6 and 8.1).
"""

import json
import re
from base64 import urlsafe_b64decode
from typing import Any, Final

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class NotStrictError(ValueError):
    """It is not what the RFC says. Its text quotes nothing."""


def head_of(token: str) -> dict[str, Any]:
    """The header of a token in the compact form, of which nothing is verified.

    Raises:
        NotStrictError: the token is in another form, or its header is no JSON object of this strictness.
    """
    if not _COMPACT.fullmatch(token):
        raise NotStrictError
    head = token.partition(".")[0]
    return object_of(urlsafe_b64decode(head + "=" * (-len(head) % 4)))


def object_of(document: bytes) -> dict[str, Any]:
    """The members of a JSON object.

    Raises:
        NotStrictError: it is none, not in UTF-8, names something twice, or holds NaN or Infinity.
    """
    try:
        # From bytes, the standard library would read UTF-16 and UTF-32, too.
        found = json.loads(document.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
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
