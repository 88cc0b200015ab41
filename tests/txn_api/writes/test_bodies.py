"""Reading bodies within bounds."""

import pytest
from starlette.datastructures import Headers
from starlette.types import Message

from txn_api.edge.headers import RawHeaders
from txn_api.problems import BodyTooLarge, ContentEncodingUnsupported, MediaTypeUnsupported, Problem
from txn_api.writes.bodies import DRAIN_BYTES_MAX, JSON, NDJSON, check_type, read_whole
from txn_api.writes.encodings import ENCODINGS

BYTES_MAX = 100


class Sender:
    """A client that sends a piece over and over, and then the end."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._piece, self.left = piece, times

    async def receive(self) -> Message:
        self.left -= 1
        return {"type": "http.request", "body": self._piece, "more_body": self.left > 0}


@pytest.mark.parametrize(("piece", "times"), [(b"", 1), (b"x", 100), (b"x" * 100, 1)])
async def test_a_body_up_to_the_bound_is_read_whole(piece: bytes, times: int) -> None:
    """However it is cut."""
    body = await read_whole(Sender(piece, times).receive, bytes_max=BYTES_MAX, deadline_s=5.0)
    assert body == piece * times


async def test_a_body_over_the_bound_is_read_to_its_end_and_refused() -> None:
    """So that its sender gets to read the answer."""
    sender = Sender(b"x" * 1000, 50)
    with pytest.raises(BodyTooLarge):
        await read_whole(sender.receive, bytes_max=BYTES_MAX, deadline_s=5.0)
    assert sender.left == 0


async def test_an_endless_body_is_given_up() -> None:
    """There is a bound on that too."""
    sender = Sender(bytes(1 << 20), 100)
    with pytest.raises(BodyTooLarge):
        await read_whole(sender.receive, bytes_max=BYTES_MAX, deadline_s=5.0)
    assert 100 - sender.left == DRAIN_BYTES_MAX // (1 << 20) + 1


@pytest.mark.parametrize(
    ("headers", "allowed", "refusal"),
    [
        ({}, JSON, None),
        ({"content-type": "application/json"}, JSON, None),
        ({"content-type": "Application/JSON; charset=utf-8"}, JSON, None),
        ({"content-type": "application/x-ndjson"}, NDJSON, None),
        ({"content-encoding": "identity"}, JSON, None),
        ({"content-type": "text/json"}, JSON, MediaTypeUnsupported),
        ({"content-type": "application/json"}, NDJSON, MediaTypeUnsupported),
        ({"content-type": "application/json", "content-encoding": "gzip"}, JSON, ContentEncodingUnsupported),
        ({"content-encoding": "identity, gzip"}, JSON, ContentEncodingUnsupported),
        ({"content-encoding": "Identity,"}, JSON, None),
        ({"content-encoding": "x-gzip"}, JSON, ContentEncodingUnsupported),
    ],
)
def test_the_declared_type_is_held_to(
    headers: dict[str, str], allowed: frozenset[str], refusal: type[Problem] | None
) -> None:
    """Parameters and case do not matter, and who declares nothing is believed."""
    if refusal is None:
        check_type(Headers(headers), allowed)
    else:
        with pytest.raises(refusal):
            check_type(Headers(headers), allowed)


GZIP_ALONE: list[tuple[list[str], str | None]] = [
    (["gzip"], "gzip"),
    (["X-GZip"], "gzip"),
    (["x-gzip", ""], "gzip"),
    (["zstd"], "zstd"),
    ([], "identity"),
    (["gzip, gzip"], None),
    (["gzip", "gzip"], None),
    (["identity", "gzip"], None),
    (["gzip", "identity"], None),
    (["deflate"], None),
]


@pytest.mark.parametrize(("lines", "encoding"), GZIP_ALONE)
def test_all_lines_of_an_encoding_count(lines: list[str], encoding: str | None) -> None:
    """A body that was encoded twice, said in one line or in two, is not taken for one that was encoded once."""
    raw = [(b"content-encoding", line.encode()) for line in lines]
    headers = RawHeaders({"headers": raw})
    if encoding is None:
        with pytest.raises(ContentEncodingUnsupported):
            check_type(headers, NDJSON, ENCODINGS)
    else:
        assert check_type(headers, NDJSON, ENCODINGS) == encoding
