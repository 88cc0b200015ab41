"""Heads are read as RFC 9112 has them: the reader of usual heads and the reader of all of them, against h11."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http.judging.reference import reference_head
from txn_api.problems import (
    HeadTooLarge,
    HttpVersionUnsupported,
    MalformedHttp,
    Problem,
    TransferCodingUnsupported,
    UriTooLong,
)
from txn_server.http.head import (
    CHUNKED,
    HEAD_BYTES_MAX,
    PATH_BYTES_MAX,
    Head,
    HeadReader,
    check_trailers,
    read_head,
    size_of_head,
)
from txn_server.http.lines import FIELDS_MAX


def usual_head(data: bytes) -> Head | None:
    """As the fast reader has it."""
    return HeadReader().usual(data.split(b"\n"))


def any_head(data: bytes) -> Head:
    """As a connection's first head is read."""
    return HeadReader().read(data)


def head(*fields: str, line: str = "GET /a HTTP/1.1", host: str | None = "x") -> bytes:
    """A head of these lines, with a Host unless told otherwise."""
    lines = [line, *([] if host is None else [f"Host: {host}"]), *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


USUAL = [
    head(),
    head(line="POST /transactions HTTP/1.1"),
    head("Content-Length: 007", "content-type: application/json", line="POST /a?b=c%20d?e HTTP/1.1"),
    head("Connection: Keep-Alive", "X-Spaces: a  b"),
    head(line="DELETE /%2e/%C3%BC HTTP/1.1"),
    head("Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
]


@pytest.mark.parametrize("data", USUAL)
def test_a_usual_head_is_read_fast_and_as_h11_reads_it(data: bytes) -> None:
    assert usual_head(data) == read_head(data) == any_head(data) == reference_head(data)


def test_a_reader_keeps_no_more_lines_than_it_may() -> None:
    reader = HeadReader()
    for number in range(1_000):
        data = head(f"X-A: {number}", f"X-Long: {number}{'a' * 2_000}", line=f"GET /{number}?{'b' * 2_000} HTTP/1.1")
        assert reader.read(data) == read_head(data)
    kept = [*reader._fields, reader._first or b""]
    assert sum(map(len, kept)) < 64 * 512
    assert len(kept) <= 65


def test_values_come_without_the_spaces_around_them() -> None:
    data = head("X-A:b", "X-B:  \t c  ", "X-C:", "X-D: ")
    assert any_head(data).fields[1:] == [(b"x-a", b"b"), (b"x-b", b"c"), (b"x-c", b""), (b"x-d", b"")]


def test_a_long_first_line_does_not_stand_for_the_one_before_it() -> None:
    reader = HeadReader()
    heads = [head(line=f"GET /{path} HTTP/1.1") for path in ("a", f"b?{'b' * 2_000}", "a", "c")]
    assert [reader.read(data) for data in heads] == [read_head(data) for data in heads]


# Whole parts and single bytes, good and bad, so that what comes of them is often nearly a head.
PARTS = st.sampled_from(
    [
        *(b"GET", b"POST", b"get", b" ", b"  ", b"\t", b"/", b"/a?b", b"*", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0"),
        *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"Host: x", b"Host:", b"host: a b", b"Host: [::1]:80", b":"),
        *(b"Content-Length: 5", b"Content-Length: 5, 5", b"Content-Length: -1", b"content-length:  12 "),
        *(b"Transfer-Encoding: chunked", b"Expect: 100-continue", b"Connection: close", b"Connection: keep-alive"),
        *(b"X-A: b", b"X A: b", b"X-A : b", b" folded", b"\x00", b"\x7f", b"\x80", b"\xff", b"\x0b", b"a" * 600),
        *(
            b"Transfer-Encoding: gzip, chunked",
            b"\r\n\t",
            b"\r\n ",
            b",",
            b"5",
            b"HTTP/1.2",
            b"http://h",
            b"%41",
            b"%",
        ),
        *(b"Connection: " + b"a," * 250, b"\r\n\t" + b"b," * 200),
    ]
)


@given(
    st.one_of(st.sampled_from(USUAL), st.just(head())), st.lists(st.tuples(st.integers(0, 200), PARTS), max_size=4)
)
def test_whatever_the_fast_reader_takes_h11_reads_alike(data: bytes, inserted: list[tuple[int, bytes]]) -> None:
    """Whatever heads it has read before."""
    reader = HeadReader()
    reader.usual(data.split(b"\n"))
    for at, part in inserted:
        data = data[:at] + part + data[at:]
        size = data.find(b"\r\n\r\n") + 4
        if size >= 4 and (found := reader.usual(data[:size].split(b"\n"))) is not None:
            assert size_of_head(data) == size
            assert found == read_head(data[:size]) == usual_head(data[:size])


def outcome(read: Callable[[bytes], Head], data: bytes) -> Head | type[Problem]:
    """What a reader makes of a head, or why it makes nothing of it."""
    try:
        return read(data)
    except Problem as problem:
        return type(problem)


@settings(max_examples=400)
@given(
    st.one_of(st.sampled_from(USUAL), st.just(head("Content-Length: 5", "Transfer-Encoding: chunked"))),
    st.lists(st.tuples(st.integers(0, 200), PARTS), max_size=5),
)
def test_whatever_comes_is_read_as_h11_reads_it(data: bytes, inserted: list[tuple[int, bytes]]) -> None:
    """Taken alike, and refused alike."""
    for at, part in inserted:
        data = data[:at] + part + data[at:]
    if data[:1] > b" " and (size := size_of_head(data)):
        assert outcome(read_head, data[:size]) == outcome(reference_head, data[:size])


def refused(data: bytes) -> type[Problem]:
    """Why a head is refused."""
    assert usual_head(data) is None
    assert outcome(reference_head, data) is outcome(read_head, data)
    with pytest.raises(Problem) as caught:
        any_head(data)
    return type(caught.value)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (head(host=None), MalformedHttp),
        (head("Host: x"), MalformedHttp),
        (head("Host: y", line="GET /a HTTP/1.0"), MalformedHttp),
        (head(host=None, line="GET /a HTTP/1.2"), MalformedHttp),
        *((head(host=host), MalformedHttp) for host in ("a b", "a/b", "a@b", "[::1", "x:y", "%zz", "ü", "a,\tb")),
        (head("Transfer-Encoding: chunked", line="POST /a HTTP/1.0"), MalformedHttp),
        (head("Transfer-Encoding: gzip, chunked"), TransferCodingUnsupported),
        (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), TransferCodingUnsupported),
        (head("Transfer-Encoding: gzip"), MalformedHttp),
        (head("Transfer-Encoding: chunked, identity"), MalformedHttp),
        (head("Transfer-Encoding:\r\n gzip,\r\n\tchunked"), MalformedHttp),
        (head("X-A: a\r\n b"), MalformedHttp),
        (head("X-A:\n\tb"), MalformedHttp),
        (head("X-A: a\r\n b: c"), MalformedHttp),
        (head("Connection: " + "a, " * 200, "\tb"), MalformedHttp),
        (head("Content-Length: 1", "Content-Length: 2"), MalformedHttp),
        *((head(f"Content-Length: {n}"), MalformedHttp) for n in ("-1", "+1", "1_0", "0x1", "1 1", "", "²")),
        (head("X-A : b"), MalformedHttp),
        (head(": b"), MalformedHttp),
        (head("X-A"), MalformedHttp),
        (head("X-A: a\x00b"), MalformedHttp),
        (head("X-A: a\rb"), MalformedHttp),
        (head(line="GET  /a HTTP/1.1"), MalformedHttp),
        (head(line="GET /a"), MalformedHttp),
        (head(line="GET http:///a HTTP/1.1"), MalformedHttp),
        (head(line="GET http://a@b/ HTTP/1.1"), MalformedHttp),
        (head(line="GET /a HTTP/2.0"), HttpVersionUnsupported),
        (b"PRI * HTTP/2.0\r\n\r\n", HttpVersionUnsupported),
        (head(*[f"X-{n}: a" for n in range(FIELDS_MAX)]), HeadTooLarge),
        (head(line=f"GET /{'a' * PATH_BYTES_MAX} HTTP/1.1"), UriTooLong),
        (head("Connection: " + "a, " * 200, "Expect: x"), HeadTooLarge),
        (head("Content-Length: " + "5," * 300 + "6", "Content-Length: 7"), HeadTooLarge),
        (head("Connection: " + "a, " * 200, "no field"), MalformedHttp),
        (head(host="x" * 513), MalformedHttp),
        (head(" a"), MalformedHttp),
        (b"GET / HTTP/1.1\r\n a\r\nHost: x\r\n\r\n", MalformedHttp),
    ],
)
def test_what_is_no_head_is_refused_for_the_first_rule_that_it_breaks(data: bytes, kind: type[Problem]) -> None:
    assert refused(data) is kind


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (head(line="GET http://h:80/a?b HTTP/1.1"), ("/a", b"b", [(b"host", b"h:80")])),
        (head(line="GET HTTP://h HTTP/1.1"), ("/", b"", [(b"host", b"h")])),
        (head(line="GET http://h?q HTTP/1.1"), ("/", b"q", [(b"host", b"h")])),
        (head(line="BREW * HTTP/1.1", host=""), ("*", b"", [(b"host", b"")])),
        (head(line="GET /%C3%BC%zz HTTP/1.1", host="[2001:db8::1]:8080"), ("/ü%zz", b"", None)),
    ],
)
def test_targets_of_every_form_are_taken(data: bytes, expected: tuple[str, bytes, list[object] | None]) -> None:
    found = any_head(data)
    path, query, fields = expected
    assert (found.path, found.query) == (path, query)
    assert fields is None or found.fields == fields


@pytest.mark.parametrize(
    ("data", "length", "keep_alive"),
    [
        (head("Transfer-Encoding: Chunked", line="POST /a HTTP/1.1"), CHUNKED, True),
        (head("Transfer-Encoding: chunked", "Content-Length: 3", line="POST /a HTTP/1.1"), CHUNKED, False),
        (head("Content-Length: 3", "Content-Length: 3", line="POST /a HTTP/1.1"), 3, True),
        (head("Content-Length: 3", "Connection: x, Close", line="POST /a HTTP/1.1"), 3, False),
        (head("Connection: keep-alive", line="GET /a HTTP/1.0", host=None), 0, False),
    ],
)
def test_framing_and_the_life_of_the_connection_follow_from_the_head(
    data: bytes,
    length: int,
    keep_alive: bool,  # noqa: FBT001 - a case
) -> None:
    found: Head = any_head(data)
    assert (found.length, found.keep_alive) == (length, keep_alive)


@pytest.mark.parametrize(("version", "expects"), [("1.1", True), ("1.0", False)])
def test_http_1_0_expects_nothing(version: str, expects: bool) -> None:  # noqa: FBT001 - a case
    data = head("Expect: 100-continue", "Content-Length: 3", line=f"POST /a HTTP/{version}")
    assert any_head(data).expects_continue is expects


def test_the_size_of_a_head_is_its_own() -> None:
    """Neither what comes behind it, nor how it was cut, counts."""
    data = head()
    assert size_of_head(data + b"x" * HEAD_BYTES_MAX * 2) == len(data)
    assert all(size_of_head(data[:cut], max(0, cut - 1)) == 0 for cut in range(1, len(data)))
    assert size_of_head(data, len(data) - 1) == len(data)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x16\x03\x01", MalformedHttp),
        (b"\r\n", MalformedHttp),
        (b"GET /" + b"a" * HEAD_BYTES_MAX, UriTooLong),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES_MAX, HeadTooLarge),
        (head("X: " + "a" * HEAD_BYTES_MAX), HeadTooLarge),
    ],
)
def test_a_head_over_the_bounds_is_refused(data: bytes, kind: type[Problem]) -> None:
    with pytest.raises(kind):
        size_of_head(data)


@pytest.mark.parametrize("unusual", [b"X:" + b" " * 20_000 + b"\x0b", b"X: a" + b" \t" * 10_000 + b"\x00b"])
def test_a_refusal_takes_no_longer_than_its_bytes(unusual: bytes) -> None:
    """A backtracking match took seconds for these: one costs the CPU time of many short ones."""
    began = time.process_time()
    for check in (any_head, check_trailers):
        with pytest.raises(MalformedHttp):
            check(b"GET / HTTP/1.1\r\nHost: x\r\n" + unusual + b"\r\n\r\n")
    assert time.process_time() - began < 1.0


def test_trailers_are_field_lines() -> None:
    check_trailers(b"Authorization: x\r\nX-A: b\r\n\r\n")
    for line in (b"no colon", b": b", b"X A: b", b"X\x00: b"):
        with pytest.raises(MalformedHttp):
            check_trailers(b"X-A: b\r\n" + line + b"\r\n\r\n")
