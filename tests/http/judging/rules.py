"""What RFC 9110 and RFC 9112 ask of a server beyond what h11 looks at. This list is all that sets the oracle apart.

Each rule is stricter than h11, or does what h11 leaves to the server; none takes what h11 refuses.
"""

import re
from dataclasses import dataclass
from typing import Final

from txn_server.http.connection import HELD_BYTES_MAX
from txn_server.http.head import FRAMING_BYTES_MAX, HEAD_BYTES_MAX, PATH_BYTES_MAX
from txn_server.http.lines import FIELDS_MAX

_Field = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request as h11 reads it; names of fields are in lower case."""

    method: bytes
    target: bytes
    version: bytes
    fields: tuple[_Field, ...]

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields of a name."""
        return [value for found, value in self.fields if found == name]


@dataclass(frozen=True, slots=True)
class Rule:
    """What an RFC asks for, and where."""

    name: str
    section: str
    what: str


SIZE: Final = Rule(
    "head size",
    "RFC 9110, 5.4",
    "field lines larger or more than the server wants are answered 4xx, also when they come whole in one packet: 431",
)
FOLDED: Final = Rule(
    "folded line",
    "RFC 9112, 5.2",
    "a field line that goes on with the one before it is rejected: 400, or a broken body",
)
FRAMING_SIZE: Final = Rule(
    "framing size",
    "RFC 9110, 5.4",
    "values that frame a request, taken together, larger than the server wants are answered 431",
)
TARGET_SIZE: Final = Rule("target size", "RFC 9112, 3", "a target longer than the server wants is answered 414")
CHUNK_LINE_SIZE: Final = Rule("chunk line size", "RFC 9112, 7.1.1", "the length of chunk extensions is limited")
TRAILER_SIZE: Final = Rule(
    "trailer size",
    "RFC 9110, 5.4 and 6.5",
    "trailer fields are fields: larger or more of them than in a head break the body, also when they come whole",
)
MAJOR_VERSION: Final = Rule(
    "major version", "RFC 9110, 15.6.6", "another major version than 1 is not answered as if it were 1, but 505"
)
HOST_NEEDED: Final = Rule(
    "host needed", "RFC 9112, 3.2", "every 1.x after 1.0 needs a Host, as 1.1 does (RFC 9110, 2.5)"
)
HOST_VALID: Final = Rule("host valid", "RFC 9112, 3.2", "a Host that is no host is answered 400 in any version")
ABSOLUTE_HOST: Final = Rule(
    "host of the target valid", "RFC 9110, 4.2.1", "an http target without a host, or with what is none, is rejected"
)
CODING_IN_1_0: Final = Rule(
    "no transfer coding in 1.0", "RFC 9112, 6.1", "the framing of HTTP/1.0 with Transfer-Encoding is faulty: 400"
)
LAST_CODING: Final = Rule(
    "last coding", "RFC 9112, 6.3", "400, not 501, where chunked is not the last coding: nobody knows the body's end"
)
TWO_FRAMINGS: Final = Rule(
    "two framings", "RFC 9112, 6.1", "a request with Transfer-Encoding and Content-Length is the connection's last"
)
REPLACED_HOST: Final = Rule(
    "host of the target", "RFC 9112, 3.2.2", "the host of an absolute target stands in the place of the Host field"
)
UNREAD_BODY: Final = Rule(
    "unread body",
    "RFC 9112, 9.3 and 9.6",
    "an answer that does not read a body in chunks or a long one, of a sender who is not known, is the last",
)
RULES: Final = (
    *(
        SIZE,
        FOLDED,
        FRAMING_SIZE,
        TARGET_SIZE,
        CHUNK_LINE_SIZE,
        TRAILER_SIZE,
        MAJOR_VERSION,
        HOST_NEEDED,
        HOST_VALID,
        ABSOLUTE_HOST,
    ),
    *(CODING_IN_1_0, LAST_CODING, TWO_FRAMINGS, REPLACED_HOST, UNREAD_BODY),
)

_END: Final = re.compile(rb"\n\r?\n")
_FOLD: Final = re.compile(rb"\n[ \t]")
_LAST_CHUNK: Final = re.compile(rb"0+(?![0-9A-Fa-f])")
_CODINGS: Final = re.compile(rb"^transfer-encoding:(.*)$", re.IGNORECASE | re.MULTILINE)
_HOST: Final = re.compile(
    rb"(?P<host>\[[0-9A-Fa-f:.]+\]|\[v[0-9A-Fa-f]+\.[-A-Za-z0-9._~!$&'()*+,;=:]+\]"
    rb"|(?:[-A-Za-z0-9._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
"""`uri-host [ ":" port ]` (RFC 9110, 7.2; RFC 3986, 3.2.2). What stands in brackets is not taken apart."""
_ABSOLUTE: Final = re.compile(rb"https?://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE)
_LINES_BESIDES: Final = 2
_REQUEST_LINE: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+ [!-~]+ HTTP/[0-9][.][0-9]")
_FIELD_LINE: Final = re.compile(rb"(?P<name>[-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*(?P<value>[^\0\r\v\f]*)")
_FRAMING: Final = frozenset({b"connection", b"content-length", b"expect", b"transfer-encoding"})
"""Of a head: the request line, and the empty one."""


def too_large(buffered: bytes) -> tuple[int, Rule] | None:
    """The status for the head at the beginning of what came, when it is larger than it may be."""
    end = _END.search(buffered)
    head = buffered if end is None else buffered[: end.end()]
    if len(head) > HEAD_BYTES_MAX:
        return (431, SIZE) if b"\n" in head[:HEAD_BYTES_MAX] else (414, TARGET_SIZE)
    if end is not None and head.count(b"\n") > FIELDS_MAX + _LINES_BESIDES:
        return 431, SIZE
    return None


def folded(buffered: bytes) -> bool:
    """Whether a line of the section that begins here, and has ended, goes on with the one before it."""
    end = _END.search(buffered)
    return end is not None and _FOLD.search(buffered, 0, end.end()) is not None


def too_large_framing(buffered: bytes) -> tuple[int, Rule] | None:
    """The status for a head whose lines are in form, and whose values that frame it are larger than they may be."""
    end = _END.search(buffered)
    first, *lines = buffered[: 0 if end is None else end.start()].split(b"\n")
    fields = [_FIELD_LINE.fullmatch(line.removesuffix(b"\r")) for line in lines]
    if _REQUEST_LINE.fullmatch(first.removesuffix(b"\r")) is None:
        return None
    size = 0
    for field in fields:
        if field is None:
            return None
        size += len(field["value"].rstrip(b" \t")) if field["name"].lower() in _FRAMING else 0
    return (431, FRAMING_SIZE) if size > FRAMING_BYTES_MAX else None


def is_last_chunk(line: bytes) -> bool:
    """Whether behind this line of a chunk there are trailers."""
    return _LAST_CHUNK.match(line) is not None


def too_large_trailers(section: bytes) -> bool:
    """Whether trailers are larger than a head may be."""
    return len(section) > HEAD_BYTES_MAX or section.count(b"\n") > FIELDS_MAX + _LINES_BESIDES


def unread(hint: int, buffered: bytes) -> tuple[int, Rule | None]:
    """The status for a head that h11 refuses, by its hint, and the rule that changed it."""
    if (large := too_large_framing(buffered)) is not None:
        return large
    if hint != 400 and folded(buffered):
        return 400, FOLDED
    end = _END.search(buffered)
    head = buffered if end is None else buffered[: end.end()]
    codings = b",".join(_CODINGS.findall(head)).split(b",")
    if hint == 501 and codings[-1].strip().lower() != b"chunked":
        return 400, LAST_CODING
    return hint, None


def refused_lines(buffered: bytes) -> tuple[int, Rule] | None:
    """The status for the lines at the beginning of what came, which h11 takes and a rule does not."""
    return (400, FOLDED) if folded(buffered) else too_large_framing(buffered)


def refused(head: Head) -> tuple[int, Rule] | None:
    """The status for a head that h11 takes and a rule does not."""
    coded = head.values(b"transfer-encoding")
    if not head.version.startswith(b"1."):
        return 505, MAJOR_VERSION
    if coded and head.version == b"1.0":
        return 400, CODING_IN_1_0
    if (faulty := _refused_host(head)) is not None:
        return 400, faulty
    if len(origin_form(head)[0].partition(b"?")[0]) > PATH_BYTES_MAX:
        return 414, TARGET_SIZE
    return None


def _refused_host(head: Head) -> Rule | None:
    """The rule that a host breaks, the target's host included."""
    named = _ABSOLUTE.fullmatch(head.target)
    if not head.values(b"host") and head.version != b"1.0":
        return HOST_NEEDED
    if not all(_is_host(value) for value in head.values(b"host")):
        return HOST_VALID
    return ABSOLUTE_HOST if named is not None and not _is_host(named["authority"], empty=False) else None


def has_two_framings(head: Head) -> bool:
    """Whether `TWO_FRAMINGS` applies."""
    return bool(head.values(b"transfer-encoding")) and bool(head.values(b"content-length"))


def leaves_much_unread(head: Head) -> bool:
    """Whether a body that nobody has read is too dear to be read for the next request's sake."""
    lengths = head.values(b"content-length")
    return bool(head.values(b"transfer-encoding")) or (bool(lengths) and int(lengths[0]) > HELD_BYTES_MAX)


def origin_form(head: Head) -> tuple[bytes, list[_Field]]:
    """A target as it would be without scheme and host, and the fields with that host."""
    named = _ABSOLUTE.fullmatch(head.target)
    if named is None:
        return head.target, list(head.fields)
    rest: bytes = named["rest"]
    others = [(name, value) for name, value in head.fields if name != b"host"]
    return rest if rest.startswith(b"/") else b"/" + rest, [(b"host", named["authority"]), *others]


def _is_host(value: bytes, *, empty: bool = True) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and len(value) <= FRAMING_BYTES_MAX and (empty or match["host"] != b"")
