"""The head of a request: its first line and its header fields (RFC 9112, 2 to 6).

h11 reads every head, and what it refuses is refused; the rules of the RFCs that h11 leaves to its users are held
here. Nearly all heads are of one plain form, which `HeadReader.usual` recognises: sufficient, never necessary.
Whatever it takes it reads as h11 does, and tests/http holds one against the other.
"""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote

import h11

from txn_api.problems import (
    HeadTooLarge,
    HttpVersionUnsupported,
    MalformedHttp,
    Problem,
    TransferCodingUnsupported,
    UriTooLong,
)

HEAD_BYTES_MAX: Final = 32 << 10
"""Of a first line and its header fields, and of a trailer section."""
FIELDS_MAX: Final = 128
"""Field lines of a head or a trailer section: what is made of a line takes more memory than the line."""
CHUNKED: Final = -1
"""Stands for a body's length that only its end tells."""

_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_BYTES_BEFORE_END: Final = 2  # of an end that its next byte completes
_VISIBLE_MIN: Final = 0x21
_METHODS: Final = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110, 5.6.2
_END_OF_LINES: Final = [b"", b""]
_KNOWN_MAX: Final = 32
_KNOWN_BYTES_MAX: Final = 256
"""So many lines of at most so many bytes are kept of a connection."""
# uri-host [":" port] (RFC 9110, 7.2; RFC 3986, 3.2.2); a scheme without an authority has an empty one.
_HOST: Final = re.compile(
    rb"(?:\[(?:[0-9A-Fa-f:.]+|[vV][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]"
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
)
_NOTHING: Final = re.compile(rb"(?!)")
# The fields that frame a request have a usual form; whatever else they say is h11's to read.
_USUAL_FORMS: Final = {
    b"connection": re.compile(rb"keep-alive", re.IGNORECASE),
    b"content-length": re.compile(rb"[0-9]{1,15}"),
    b"expect": _NOTHING,
    b"host": _HOST,
    b"transfer-encoding": _NOTHING,
}
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE)
# What stands in no head. h11 refuses it, too, but only after time that is quadratic in the spaces before it.
_ILLEGAL: Final = re.compile(rb"[\x00\x0b\x0c]|\r(?!\n)")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_TRANSFER_ENCODING: Final = re.compile(rb"^transfer-encoding:(.*)$", re.IGNORECASE | re.MULTILINE)

Field = tuple[bytes, bytes]


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
        MalformedHttp: the first byte begins no head, such as that of a TLS handshake.
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
        return self.usual(data) or read_head(data)

    def usual(self, data: bytes) -> Head | None:
        """The same of a head of the usual form; none of any other.

        The form: lines that end in CR LF, a first line and fields of the usual form, no field twice, and a `Host`.
        """
        lines = data.split(b"\r\n")
        if lines[-2:] != _END_OF_LINES or not (self._first == lines[0] or self._reads_first(lines[0])):
            return None
        fields, known = [], self._fields
        for line in lines[1:-2]:
            field = known.get(line) or self._read_field(line)
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
            if len(self._fields) == _KNOWN_MAX:
                self._fields.clear()
            self._fields[line] = field
        return field


def _usual_target(line: bytes) -> tuple[str, str, bytes, bytes] | None:
    """Method, path, raw path and query: of a known method, an origin-form target in visible ASCII, and HTTP/1.1."""
    words = line.split(b" ")
    if len(words) != 3 or words[0] not in _METHODS or words[2] != b"HTTP/1.1":
        return None
    target = words[1]
    if not target.startswith(b"/") or target.translate(None, _PRINTABLE):
        return None
    raw_path, _, query = target.partition(b"?")
    return _METHODS[words[0]], unquote(raw_path.decode()), raw_path, query


def _usual_field(line: bytes) -> Field | None:
    """Name and value: in ASCII, with one space before the value and none behind it, nothing of which needs h11."""
    name, separator, value = line.partition(b": ")
    if not (name and separator) or name.translate(None, _TOKEN) or value.translate(None, _PRINTABLE):
        return None
    name = name.lower()
    form = _USUAL_FORMS.get(name)
    return None if value != value.strip() or (form is not None and form.fullmatch(value) is None) else (name, value)


def read_head(data: bytes) -> Head:
    """The same as `HeadReader.read`, by h11."""
    _fence(data)
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    reader.receive_data(data)
    try:
        request = reader.next_event()
    except h11.RemoteProtocolError as error:
        # h11 has it in a frame that its own traceback holds: a cycle with the connection in it.
        error.__traceback__ = None
        raise _refusal(error, data) from None
    assert isinstance(request, h11.Request)  # noqa: S101 - `data` holds a whole one, or h11 has refused it
    fields: list[Field] = list(request.headers)
    version = request.http_version
    if not version.startswith(b"1."):
        raise HttpVersionUnsupported  # RFC 9110, 15.6.6
    chunked = any(name == b"transfer-encoding" for name, _ in fields)
    lengths = [int(value) for name, value in fields if name == b"content-length"]
    if chunked and version == b"1.0":
        raise MalformedHttp  # RFC 9112, 6.1: framing that is faulty
    _check_host(version, fields)
    target, fields = _origin_form(request.target, fields)
    _check_host(version, fields)  # that of an absolute target, too
    raw_path, _, query = target.partition(b"?")
    options = _members(fields, b"connection")
    return Head(
        request.method.decode(),
        unquote(raw_path.decode()),
        raw_path,
        query,
        fields,
        CHUNKED if chunked else (lengths or [0])[0],
        http_1_0=version == b"1.0",
        # Both framings in one request may be an attack: it is the connection's last (RFC 9112, 6.1).
        keep_alive=version != b"1.0" and b"close" not in options and not (chunked and lengths),
        expects_continue=reader.they_are_waiting_for_100_continue,
    )


def check_trailers(lines: bytes) -> None:
    """Hold a trailer section, its empty line included, against what field lines may be.

    Raises:
        HeadTooLarge: it has more lines than it may.
        MalformedHttp: it holds a line that is none.
    """
    _fence(lines)
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + lines)
    try:
        while not isinstance(reader.next_event(), h11.EndOfMessage):
            pass
    except h11.RemoteProtocolError as error:
        error.__traceback__ = None  # as above
        raise MalformedHttp from None


def _fence(data: bytes) -> None:
    """Keep from h11 what would take it memory or time out of proportion."""
    if data.count(b"\n") > FIELDS_MAX + 2:  # the first line's and the empty one's
        raise HeadTooLarge
    if _ILLEGAL.search(data):
        raise MalformedHttp


def _refusal(error: h11.RemoteProtocolError, data: bytes) -> Problem:
    """What stands for h11's hint at a status."""
    if error.error_status_hint != HTTPStatus.NOT_IMPLEMENTED:
        return MalformedHttp()
    codings = b",".join(_TRANSFER_ENCODING.findall(_FOLD.sub(b" ", data))).lower().split(b",")
    # Where a body without chunks ends nobody knows (RFC 9112, 6.3).
    return TransferCodingUnsupported() if codings[-1].strip() == b"chunked" else MalformedHttp()


def _origin_form(target: bytes, fields: list[Field]) -> tuple[bytes, list[Field]]:
    """A target's path and query, and the fields with the host of an absolute target (RFC 9112, 3.2.2)."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        return target, fields
    authority, rest = absolute.groups()
    if not authority or authority.startswith(b":"):
        raise MalformedHttp  # RFC 9110, 4.2.1
    others = [(name, value) for name, value in fields if name != b"host"]
    return rest if rest.startswith(b"/") else b"/" + rest, [(b"host", authority), *others]


def _check_host(version: bytes, fields: Iterable[Field]) -> None:
    """One valid `Host`, which HTTP/1.0 alone may leave out; h11 refuses two (RFC 9112, 3.2)."""
    hosts = [value for name, value in fields if name == b"host"]
    if not hosts and version != b"1.0":
        raise MalformedHttp
    if any(_HOST.fullmatch(value) is None for value in hosts):
        raise MalformedHttp


def _members(fields: Iterable[Field], name: bytes) -> set[bytes]:
    """The members of a list field, in lower case."""
    return {member.strip() for found, value in fields if found == name for member in value.lower().split(b",")}
