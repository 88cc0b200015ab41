"""Entity tags (RFC 9110, 8.8.3): strong ones, since they are made of the very bytes of an answer."""

import hashlib
import re
from typing import Final

TAGS_CHARS_MAX: Final = 8_192
_OPAQUE: Final = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def tag_of(body: bytes) -> str:
    """The tag of a body: another one when a byte of the stored event, a conflict or the form differs."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Whether a client has the body already, by its If-None-Match header (RFC 9110, 13.1.2: weak comparison)."""
    return if_none_match.strip() == "*" or (tag in if_none_match and tag[1:-1] in _OPAQUE.findall(if_none_match))
