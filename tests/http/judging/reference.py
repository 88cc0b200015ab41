"""A head as h11 reads it and as `rules.py` judges it: what our reader of heads is held against, by itself."""

from typing import Final
from urllib.parse import unquote

import h11

from tests.http.judging import rules
from txn_api.problems import (
    HeadTooLarge,
    HttpVersionUnsupported,
    MalformedHttp,
    Problem,
    TransferCodingUnsupported,
    UriTooLong,
)
from txn_server.http.head import CHUNKED, HEAD_BYTES_MAX, Head

_PROBLEMS: Final[dict[int, type[Problem]]] = {
    kind.status: kind
    for kind in (HeadTooLarge, HttpVersionUnsupported, MalformedHttp, TransferCodingUnsupported, UriTooLong)
}


def reference_head(data: bytes) -> Head:
    """The head that `data` is, all of it.

    Raises:
        Problem: it is none.
    """
    read, expects_continue = _read(data)
    if (refusal := rules.refused(read)) is not None:
        raise _PROBLEMS[refusal[0]]
    target, fields = rules.origin_form(read)
    raw_path, _, query = target.partition(b"?")
    options = {part.strip() for value in read.values(b"connection") for part in value.lower().split(b",")}
    lengths = read.values(b"content-length")
    return Head(
        read.method.decode(),
        unquote(raw_path.decode()),
        raw_path,
        query,
        fields,
        CHUNKED if read.values(b"transfer-encoding") else int(lengths[0]) if lengths else 0,
        http_1_0=read.version == b"1.0",
        keep_alive=read.version != b"1.0" and b"close" not in options and not rules.has_two_framings(read),
        expects_continue=expects_continue,
    )


def _read(data: bytes) -> tuple[rules.Head, bool]:
    """What h11 takes, and whether the client waits to go on."""
    if (large := rules.too_large(data)) is not None:
        raise _PROBLEMS[large[0]]
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    reader.receive_data(data)
    try:
        request = reader.next_event()
    except h11.RemoteProtocolError as error:
        raise _PROBLEMS[rules.unread(error.error_status_hint, data)[0]] from None
    assert isinstance(request, h11.Request)
    if (large := rules.refused_lines(data)) is not None:
        raise _PROBLEMS[large[0]]
    head = rules.Head(request.method, request.target, request.http_version, tuple(request.headers))
    return head, reader.they_are_waiting_for_100_continue
