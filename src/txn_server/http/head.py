"""The head of a request: its first line and its header fields (RFC 9112, 2 to 6).

Nearly all heads are of one plain form, most of whose lines the connection has seen before; `HeadReader.usual` knows
it: sufficient, never necessary. `read_head` reads all of them, as h11 does and by the rules of the RFCs that h11
leaves to its users. tests/http holds both against h11.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

import h11

from txn_api.problems import (
    HeadTooLarge,
    HttpVersionUnsupported,
    MalformedHttp,
    Problem,
    TransferCodingUnsupported,
    UriTooLong,
)
from txn_server.http.lines import FIELDS_MAX, TOKEN, Field, check_unfolded, fields_of, lines_of

HEAD_BYTES_MAX: Final = 12 << 10
"""Of a first line and its header fields, and of a trailer section: the longest token or query, and half as much."""
PATH_BYTES_MAX: Final = 160
"""Of a path, percent-encoded: undoing that is the dearest byte of a head. Twice the longest of ours."""
FRAMING_BYTES_MAX: Final = 512
"""Of a host, and of all values together that say how a request is framed: such lists are taken apart."""
CHUNKED: Final = -1
"""Stands for a body's length that only its end tells."""

_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_BYTES_BEFORE_END: Final = 2  # of an end that its next byte completes
_VISIBLE_MIN: Final = 0x21
_METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_VISIBLE: Final = bytes(range(_VISIBLE_MIN, 0x7F))
_END_OF_LINES: Final = [b"\r", b""]
_KNOWN_MAX: Final = 32
_USUAL_LINES_MAX: Final = _KNOWN_MAX + 3  # the first line, the empty one, and what is behind its end
_KNOWN_BYTES_MAX: Final = 160
"""So many lines of at most so many bytes are kept of a connection."""
_LENGTHS_MAX: Final = 2_048
_lengths: Final[dict[bytes, Field]] = {}
"""Lines of a length, of all connections together: bodies of one client have many, which would push out its others."""
_NEW_MAX: Final = 4
"""A head with more lines that are new goes the way of all heads at once: it is read once, not twice. The next one of
the same client has fewer."""
# uri-host [":" port] (RFC 9110, 7.2; RFC 3986, 3.2.2); a scheme without an authority has an empty one.
_HOST: Final = re.compile(
    rb"(?:\[(?:[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_NOTHING: Final = re.compile(rb"(?!)")
# The fields that frame a request have a usual form; whatever else they say is `read_head`'s to judge.
_USUAL_FORMS: Final = {
    b"connection": re.compile(rb"keep-alive", re.IGNORECASE),
    b"content-length": re.compile(rb"[0-9]{1,15}"),
    b"expect": _NOTHING,
    b"host": _HOST,
    b"transfer-encoding": _NOTHING,
}
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE)
_VERSION: Final = re.compile(rb"HTTP/([0-9]\.[0-9])")
_LENGTH: Final = re.compile(rb"[0-9]{1,20}")
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"connection", b"expect", b"host"})
_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
Framing = dict[bytes, list[bytes]]
"""The values of fields that frame a request, by their names."""
# Members of lists (RFC 9110, 5.6.1), which have a comma on either side here.
_CLOSE: Final = re.compile(rb",[ \t]*close[ \t]*,")
_CONTINUE: Final = re.compile(rb",[ \t]*100-continue[ \t]*,")


class Head(NamedTuple):
    """What a request's head says. Field names are lower-case; `length` is the body's, in bytes, or `CHUNKED`."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    fields: list[Field]
    length: int = 0
    http_1_0: bool = False
    keep_alive: bool = True
    expects_continue: bool = False


def size_of_head(data: bytes | bytearray, searched: int = 0) -> int:
    """How many bytes the head at the beginning of `data` takes; 0 if its end is not there.

    `searched` says how many bytes were searched before, without success.

    Raises:
        HeadTooLarge, UriTooLong: it, or its first line alone, takes more bytes than a head may.
        MalformedHttp: the first byte begins no head, such as the first byte of a TLS handshake.
    """
    if data[0] < _VISIBLE_MIN:
        raise MalformedHttp
    return size_of_section(data, searched)


def size_of_section(data: bytes | bytearray, searched: int = 0) -> int:
    """The same of lines that may begin with any byte, such as trailers."""
    end = _END_OF_HEAD.search(data, max(0, searched - _BYTES_BEFORE_END))
    size = len(data) if end is None else end.end()
    if size > HEAD_BYTES_MAX:
        raise HeadTooLarge if b"\n" in data[:HEAD_BYTES_MAX] else UriTooLong
    return 0 if end is None else size


class HeadReader:
    """Reads the heads of one connection, whose client repeats most lines: those of the usual form are read once."""

    __slots__ = ("_fields", "_first", "_target")

    def __init__(self) -> None:
        self._fields: dict[bytes, Field] = {}  # by their lines
        self._first: bytes | None = None  # the latest first line, unless it is long
        self._target = ("", "", b"", b"")  # what the latest one says

    def read(self, data: bytes) -> Head:
        """The head that `data` is, all of it.

        Raises:
            Problem: it is none that RFC 9112 lets a server take; the first rule that it breaks says which.
        """
        ended = data.split(b"\n")
        return self.usual(ended) or read_head(data, ended)

    def usual(self, lines: list[bytes]) -> Head | None:
        """The same of the lines, up to each LF, of a head of the usual form; none of any other.

        The form: lines that end in CR LF, a first line and fields of the usual form, no field twice, and a `Host`.
        """
        if len(lines) > _USUAL_LINES_MAX or lines[-2:] != _END_OF_LINES:
            return None
        if not (self._first == lines[0] or self._reads_first(lines[0])):
            return None
        fields, known, new = [], self._fields, 0
        for line in lines[1:-2]:
            field = known.get(line) or _lengths.get(line)
            if field is None:
                new += 1
                field = self._read_field(line) if new <= _NEW_MAX else None
            if field is None:
                return None
            fields.append(field)
        named = dict(fields)
        if len(named) != len(fields) or b"host" not in named or len(fields) > FIELDS_MAX:
            return None
        return Head(*self._target, fields, int(named.get(b"content-length", b"0")))

    def _reads_first(self, line: bytes) -> bool:
        target = _usual_target(line)
        if target is None:
            return False
        self._first, self._target = line if len(line) <= _KNOWN_BYTES_MAX else None, target
        return True

    def _read_field(self, line: bytes) -> Field | None:
        field = _usual_field(line)
        if field is not None and len(line) <= _KNOWN_BYTES_MAX:
            if field[0] == b"content-length":
                known, known_max = _lengths, _LENGTHS_MAX
            else:
                known, known_max = self._fields, _KNOWN_MAX
            if len(known) == known_max:
                known.clear()
            known[line] = field
        return field


def _usual_target(line: bytes) -> tuple[str, str, bytes, bytes] | None:
    """Method, path, raw path and query: of a known method, an origin-form target in visible ASCII, and HTTP/1.1."""
    words = line.split(b" ")
    if len(words) != 3 or words[0] not in _METHODS or words[2] != b"HTTP/1.1\r":
        return None
    target = words[1]
    if not target.startswith(b"/") or target.translate(None, _PRINTABLE):
        return None
    raw_path, _, query = target.partition(b"?")
    if len(raw_path) > PATH_BYTES_MAX:
        return None
    return _METHODS[words[0]], _path(raw_path), raw_path, query


def _usual_field(line: bytes) -> Field | None:
    """Name and value: in ASCII, with one space before the value and none behind it, and no framing but a length."""
    name, _, value = line.partition(b":")
    if not (name and value.startswith(b" ") and value.endswith(b"\r")) or name.translate(None, TOKEN):
        return None
    name, value = name.lower(), value[1:-1]
    if value.translate(None, _PRINTABLE) or value != value.strip():
        return None
    form = _USUAL_FORMS.get(name)
    if form is not None and (len(value) > FRAMING_BYTES_MAX or form.fullmatch(value) is None):
        return None
    return name, value


def _path(raw_path: bytes) -> str:
    """A path with its percent-encoding undone.

    Raises:
        UriTooLong: it is longer than any of ours.
    """
    if len(raw_path) > PATH_BYTES_MAX:
        raise UriTooLong
    return unquote_to_bytes(raw_path).decode(errors="replace")


def read_head(data: bytes, ended: list[bytes] | None = None) -> Head:
    """The same as `HeadReader.read`, of a head of any form, whose lines up to each LF are `ended`."""
    first, *rest, _, _ = lines_of(data, ended)
    method, target, version = _first_line(first)
    fields = fields_of(rest)
    framing = _framing(fields)
    chunked, length = _body_of(fields, framing)
    _check_host(version, framing.get(b"host", []))
    if chunked and version == b"1.0":
        raise MalformedHttp  # RFC 9112, 6.1: framing that is faulty
    if chunked or length is not None:
        fields = _plainly_framed(fields, framing, length)
    target, fields = _origin_form(target, fields)
    raw_path, _, query = target.partition(b"?")
    return Head(
        method.decode(),
        _path(raw_path),
        raw_path,
        query,
        fields,
        CHUNKED if chunked else int(length or b"0"),
        http_1_0=version == b"1.0",
        # Both framings in one request may be an attack: it is the connection's last (RFC 9112, 6.1).
        keep_alive=(version != b"1.0" and not _has(framing, b"connection", _CLOSE) and not (chunked and length)),
        expects_continue=version != b"1.0" and _has(framing, b"expect", _CONTINUE),
    )


def _first_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Method, target and the digits of the version.

    Raises:
        MalformedHttp: it is no request line (RFC 9112, 3).
    """
    words = line.split(b" ")
    version = _VERSION.fullmatch(words[-1])
    if len(words) != 3 or version is None:
        raise MalformedHttp
    method, target, _ = words
    if not (method and target) or method.translate(None, TOKEN) or target.translate(None, _VISIBLE):
        raise MalformedHttp
    return method, target, version[1]


def _framing(fields: Iterable[Field]) -> Framing:
    """The fields that say something of the request's frame, so that the many others are passed over once.

    Raises:
        HeadTooLarge: their values are longer than such are.
    """
    framing: Framing = {}
    for name, value in fields:
        if name in _FRAMING:
            framing.setdefault(name, []).append(value)
    if sum(len(b"".join(values)) for name, values in framing.items() if name != b"host") > FRAMING_BYTES_MAX:
        raise HeadTooLarge
    return framing


def _body_of(fields: Iterable[Field], framing: Framing) -> tuple[bool, bytes | None]:
    """Whether the body is chunked, and its length, or None if none is given (RFC 9112, 6).

    Raises:
        MalformedHttp: lengths that are none or differ, or a coding behind which nobody knows where the body ends.
        TransferCodingUnsupported: other codings before `chunked`.
    """
    chunked, length = False, None
    if _BODY.isdisjoint(framing):
        return chunked, length
    read: set[bytes] = set()
    for name, value in fields:
        if name == b"transfer-encoding":
            if chunked or value.lower() != b"chunked":
                raise _coding_refused(framing[name])
            chunked = True
        elif name == b"content-length" and value not in read:
            read.add(value)
            named = _length(value)
            if length not in {None, named}:
                raise MalformedHttp
            length = named
    return chunked, length


def _length(value: bytes) -> bytes:
    """The one number in a list of lengths (RFC 9112, 6.3)."""
    lengths = {part.strip() for part in value.split(b",")}
    length = lengths.pop()
    if lengths or _LENGTH.fullmatch(length) is None:
        raise MalformedHttp
    return length


def _coding_refused(codings: Iterable[bytes]) -> Problem:
    """Where a body whose last coding is not `chunked` ends nobody knows (RFC 9112, 6.3)."""
    last = b",".join(codings).lower().rpartition(b",")[2]
    return TransferCodingUnsupported() if last.strip() == b"chunked" else MalformedHttp()


def _plainly_framed(fields: list[Field], framing: Framing, length: bytes | None) -> list[Field]:
    """The fields with one length, as a number, and the coding in lower case."""
    said = framing.get(b"content-length", []), framing.get(b"transfer-encoding", [])
    if said in (([length], []), ([], [b"chunked"])):
        return fields  # as nearly always
    plain: list[Field] = []
    lengths = 0
    for name, value in fields:
        if name == b"content-length" and length is not None:
            lengths += 1
            if lengths == 1:
                plain.append((name, length))
        else:
            plain.append((name, b"chunked") if name == b"transfer-encoding" else (name, value))
    return plain


def check_trailers(lines: bytes) -> None:
    """Hold a trailer section, its empty line included, against what field lines may be.

    Raises:
        HeadTooLarge: it has more lines than it may.
        MalformedHttp: it holds a line that is none.
    """
    check_unfolded(lines_of(lines))
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + lines)
    try:
        while not isinstance(reader.next_event(), h11.EndOfMessage):
            pass
    except h11.RemoteProtocolError as error:
        error.__traceback__ = None  # as above
        raise MalformedHttp from None


def _origin_form(target: bytes, fields: list[Field]) -> tuple[bytes, list[Field]]:
    """A target's path and query, and the fields with the host of an absolute target (RFC 9112, 3.2.2).

    Raises:
        MalformedHttp: that host is none (RFC 9110, 4.2.1).
    """
    if target.startswith(b"/") or (absolute := _ABSOLUTE.fullmatch(target)) is None:
        return target, fields
    authority, rest = absolute.groups()
    if not authority or authority.startswith(b":") or not _is_host(authority):
        raise MalformedHttp
    others = [(name, value) for name, value in fields if name != b"host"]
    return rest if rest.startswith(b"/") else b"/" + rest, [(b"host", authority), *others]


def _check_host(version: bytes, hosts: list[bytes]) -> None:
    """One valid `Host`, which HTTP/1.0 alone may leave out, and a version that is ours (RFC 9112, 3.2).

    Raises:
        MalformedHttp, HttpVersionUnsupported: so it is not.
    """
    if len(hosts) > 1:
        raise MalformedHttp
    if not version.startswith(b"1."):
        raise HttpVersionUnsupported  # RFC 9110, 15.6.6
    if not (hosts or version == b"1.0") or not all(map(_is_host, hosts)):
        raise MalformedHttp


def _is_host(value: bytes) -> bool:
    return len(value) <= FRAMING_BYTES_MAX and _HOST.fullmatch(value) is not None


def _has(framing: Framing, name: bytes, member: re.Pattern[bytes]) -> bool:
    """Whether a list field has a member, in letters of either case."""
    values = framing.get(name)
    return values is not None and member.search(b",%b," % b",".join(values).lower()) is not None
