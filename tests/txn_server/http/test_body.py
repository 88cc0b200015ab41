"""Bodies are as long as they say; the reader of chunks is held against h11's, however the bytes are cut."""

from collections.abc import Sequence
from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http.judging import rules
from txn_api.problems import MalformedHttp
from txn_server.http.body import Body, ChunkedBody, SizedBody
from txn_server.http.head import HEAD_BYTES_MAX

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
Outcome = tuple[bytes, bytes, str]
"""The content, what is left behind the body, and `ended`, `broken` or `open`."""


def by_ours(body: Body, pieces: Sequence[bytes]) -> Outcome:
    """As the connection reads it: what was not taken comes again."""
    content, kept = b"", b""
    for number, piece in enumerate(pieces):
        kept += piece
        try:
            while kept and not body.ended:
                taken, size = body.read(kept)
                content, kept = content + taken, kept[size:]
        except MalformedHttp:
            return content, b"", "broken"
        if body.ended:
            return content, kept + b"".join(pieces[number + 1 :]), "ended"
    return content, b"", "open"


def by_h11(data: bytes) -> Outcome:
    """As h11 reads the same behind a head, and as `rules.py` judges it."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    reader.receive_data(HEAD + data)
    assert isinstance(reader.next_event(), h11.Request)
    content = b""
    while True:
        before = reader.trailing_data[0]
        try:
            event = reader.next_event()
        except h11.RemoteProtocolError:
            return content, b"", "broken"
        if isinstance(event, h11.Data):
            content += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            left = reader.trailing_data[0]
            trailers = before[: len(before) - len(left)].lstrip(b"\r\n").partition(b"\n")[2]
            return (content, b"", "broken") if rules.folded(trailers) else (content, left, "ended")
        else:
            return content, b"", "open"


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The data in pieces."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[begin:end] for begin, end in pairwise(places)]


PARTS = st.sampled_from(
    [
        *(b"5\r\nhello\r\n", b"0\r\n", b"\r\n", b"00\r\n", b"A\r\n0123456789\r\n", b'5;a=b;c="d"\r\nhello\r\n'),
        *(
            b"5 \t\r\nhello\r\n",
            b"5\nhello\n",
            b"5\r\nhello",
            b"5\r\nhell\r\n",
            b"-5\r\n",
            b"0x5\r\n",
            b"g\r\n",
            b";\r\n",
        ),
        *(
            b"5;\n\r\nhello\r\n",
            b"5;\r;\r\nhello\r\n",
            b"0" * 20 + b"5\r\nhello\r\n",
            b"0" * 21 + b"\r\n",
            b"\xff\r\n",
        ),
        *(b"X-A: b\r\n", b"Authorization: Bearer x\r\n", b"X A: b\r\n", b" folded\r\n", b"Host: x\r\n", b"\n", b"\r"),
        *(b"Content-Length: 5\r\n", b"Content-Length: x\r\n", b"Transfer-Encoding: gzip\r\n", b"X\x00: b\r\n", b"x"),
    ]
)


@given(st.lists(PARTS, max_size=6), st.lists(st.integers(0, 200), max_size=6))
def test_chunks_are_read_as_h11_reads_them_however_they_are_cut(parts: list[bytes], cuts: list[int]) -> None:
    """What is left is the next request's; a fault may show sooner to one of them, while nothing can mend it."""
    data = b"".join(parts)
    whole, theirs = by_ours(ChunkedBody(), [data] if data else []), by_h11(data)
    if theirs[2] != "open":
        assert whole == theirs
    assert whole == by_ours(ChunkedBody(), cut(data, cuts)) == by_ours(ChunkedBody(), cut(data, range(len(data))))


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=30), st.booleans()), max_size=5), st.lists(st.integers(0)))
def test_a_sound_body_is_given_whole(chunks: list[tuple[bytes, bool]], cuts: list[int]) -> None:
    data = b"".join(
        b"%X%b\r\n%b\r\n" % (len(chunk), b';x="y"' if extended else b"", chunk) for chunk, extended in chunks
    )
    data += b"0\r\nX-Trailer: 1\r\n\r\nGET /next"
    content = b"".join(chunk for chunk, _ in chunks)
    assert by_ours(ChunkedBody(), cut(data, cuts)) == (content, b"GET /next", "ended")


@pytest.mark.parametrize(
    "endless",
    [
        b"5;" + b"a" * (HEAD_BYTES_MAX + 1),
        b"0\r\nX: " + b"a" * (HEAD_BYTES_MAX + 1),
        b"0\r\n" + b"a:b\r\n" * HEAD_BYTES_MAX,
        b"0" * (HEAD_BYTES_MAX + 1),
    ],
)
@pytest.mark.parametrize("piece", [1_000, 65_536])
def test_what_stands_around_content_is_bounded(endless: bytes, piece: int) -> None:
    body = ChunkedBody()
    pieces = [endless[at : at + piece] for at in range(0, len(endless), piece)]
    assert by_ours(body, pieces) == (b"", b"", "broken")


def test_a_sized_body_ends_with_its_last_byte() -> None:
    assert by_ours(SizedBody(5), [b"he", b"lloGET"]) == (b"hello", b"GET", "ended")
    assert by_ours(SizedBody(5), [b"hell"]) == (b"hell", b"", "open")


def test_content_in_front_of_a_fault_is_given_first() -> None:
    """An upload takes the lines that came."""
    body = ChunkedBody()
    content, _ = body.read(b"5\r\nhello\r\nx\r\n")
    assert content == b"hello"
    with pytest.raises(MalformedHttp):
        body.read(b"x\r\n")
