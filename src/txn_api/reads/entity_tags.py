"""Entity tags (RFC 9110, 8.8.3): strong ones, since they are made of the very bytes of an answer."""

import hashlib
import re
from typing import Final

TAGS_CHARS_MAX: Final = 8_192
ANY: Final = "*"
IF_MATCH_PATTERN: Final = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
"""What If-Match holds (RFC 9110, 13.1.1), but for tags beyond ASCII, which the service never gives."""
_VERSION: Final = re.compile(r'"v([1-9][0-9]{0,8})"')
_OPAQUE: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def tag_of(body: bytes) -> str:
    """The tag of a body: another one when a byte of the stored event, a conflict or the form differs."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Whether a client has the body already, by its If-None-Match header (RFC 9110, 13.1.2: weak comparison)."""
    return if_none_match.strip() == "*" or (tag in if_none_match and tag[1:-1] in _OPAQUE.findall(if_none_match))


def tag_of_version(version: int) -> str:
    """The tag of a document that has a version."""
    return f'"v{version}"'


def version_of(if_match: str) -> int | None:
    """The version that an If-Match header names (RFC 9110, 13.1.1: strong comparison); 0, which none has, if none.

    None is for `*`: any version.
    """
    if if_match.strip() == ANY:
        return None
    named = [_VERSION.fullmatch(tag.strip()) for tag in if_match.split(",")]
    return next((int(match[1]) for match in named if match), 0)
