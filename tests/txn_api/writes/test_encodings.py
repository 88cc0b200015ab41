"""Compressed bodies."""

import gzip
import time
import tracemalloc
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from txn_api.writes.encodings import (
    RATIO_FREE_BYTES,
    STEP_BYTES_MAX,
    Decoder,
    Encoding,
    EncodingMalformedError,
    TooMuchContentError,
    named_encoding,
)
from txn_api.writes.zstd_frames import CONTEXT_BYTES, WINDOW_LOG_MAX

COMPRESS: dict[Encoding, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress, "zstd": zstd.compress}
COMPRESSED: list[Encoding] = ["gzip", "zstd"]


def content_of(decoder: Decoder, *pieces: bytes) -> bytes:
    """All that the pieces hold, each step within its bound."""
    content = bytearray()
    for piece in pieces:
        for step in decoder.feed(piece):
            assert len(step) <= max(STEP_BYTES_MAX, len(piece))
            content += step
    decoder.end()
    return bytes(content)


def decoder_of(encoding: Encoding, *, content_bytes_max: int = 1 << 30) -> Decoder:
    return Decoder(encoding, content_bytes_max=content_bytes_max)


@given(
    encoding=st.sampled_from(["identity", *COMPRESSED]),
    parts=st.lists(st.binary(max_size=300).map(lambda part: part * 700), min_size=1, max_size=3),
    piece_bytes=st.sampled_from([1, 7, 1000, 1 << 20]),
)
def test_content_comes_out_whole_in_whatever_pieces_it_arrives(
    encoding: Encoding, parts: list[bytes], piece_bytes: int
) -> None:
    """Several frames one behind the other are one body."""
    body = b"".join(COMPRESS[encoding](part) for part in parts)
    piece_bytes = max(piece_bytes, len(body) // 2000)
    pieces = [body[at : at + piece_bytes] for at in range(0, len(body), piece_bytes)]
    assert content_of(decoder_of(encoding), *pieces) == b"".join(parts)


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("size", [STEP_BYTES_MAX - 1, STEP_BYTES_MAX, STEP_BYTES_MAX + 1, 3 * STEP_BYTES_MAX])
def test_a_body_that_fills_its_steps_exactly_is_complete(encoding: Encoding, size: int) -> None:
    """What is left when all input is taken comes out too."""
    content = bytes(number % 251 for number in range(size))
    assert content_of(decoder_of(encoding), COMPRESS[encoding](content)) == content


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_body_that_breaks_off_is_malformed(encoding: Encoding) -> None:
    """The frame has no end."""
    with pytest.raises(EncodingMalformedError):
        content_of(decoder_of(encoding), COMPRESS[encoding](b"lines" * 100)[:-3])


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("garbage", [b"not compressed at all", b'{"card_number": 1}\n' * 50])
def test_a_body_in_no_such_encoding_is_malformed(encoding: Encoding, garbage: bytes) -> None:
    """Also when it begins behind a sound frame."""
    with pytest.raises(EncodingMalformedError):
        content_of(decoder_of(encoding), garbage)
    with pytest.raises(EncodingMalformedError):
        content_of(decoder_of(encoding), COMPRESS[encoding](b"sound\n") + garbage)


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_bomb_is_cut_off_by_its_ratio_in_bounded_memory(encoding: Encoding) -> None:
    """A gigabyte of nothing in a few kilobytes gives up after about a mebibyte."""
    bomb = COMPRESS[encoding](bytes(64 << 20))
    seen = 0

    def take_apart() -> None:
        nonlocal seen
        for step in decoder_of(encoding).feed(bomb):
            seen += len(step)

    tracemalloc.start()
    with pytest.raises(TooMuchContentError):
        take_apart()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen <= max(RATIO_FREE_BYTES, 200 * len(bomb)) + STEP_BYTES_MAX
    assert peak_bytes < 4 << 20


@pytest.mark.parametrize("encoding", ["identity", *COMPRESSED])
def test_a_body_is_cut_off_by_its_size(encoding: Encoding) -> None:
    """Plain ones as well."""
    content = bytes(number % 251 for number in range(5000))
    assert content_of(decoder_of(encoding, content_bytes_max=5000), COMPRESS[encoding](content)) == content
    with pytest.raises(TooMuchContentError):
        content_of(decoder_of(encoding, content_bytes_max=4999), COMPRESS[encoding](content))


@pytest.mark.parametrize(("window_log", "taken"), [(WINDOW_LOG_MAX, True), (WINDOW_LOG_MAX + 1, False)])
def test_a_frame_that_wants_more_of_its_content_kept_than_http_allows_is_refused(
    window_log: int, *, taken: bool
) -> None:
    """A window is memory that neither the ratio nor the size of the content shows."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    body = compressor.compress(b"content") + compressor.flush()
    decoder = decoder_of("zstd", content_bytes_max=5000)
    if taken:
        assert content_of(decoder, body) == b"content"
    else:
        with pytest.raises(EncodingMalformedError):
            content_of(decoder, body)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ([], "identity"),
        ([""], "identity"),
        (["identity"], "identity"),
        (["GZip"], "gzip"),
        (["x-gzip"], "gzip"),
        ([" X-GZIP "], "gzip"),
        (["gzip,"], "gzip"),
        ([", ,\tzstd"], "zstd"),
        (["Br"], "br"),
        (["gzip, gzip"], "gzip, gzip"),
        (["x-gzip", "gzip"], "gzip, gzip"),
        (["identity, gzip"], "identity, gzip"),
        (["x-zstd"], "x-zstd"),
    ],
)
def test_a_coding_is_named_in_any_case_and_by_its_old_name(fields: list[str], name: str) -> None:
    """RFC 9110, 8.4.1: x-gzip is gzip, cases do not matter, and several codings are not one."""
    assert named_encoding(", ".join(fields)) == name


@given(
    parts=st.lists(st.binary(max_size=300).map(lambda part: part * 700), min_size=1, max_size=3),
    padding=st.lists(st.integers(0, 1200), min_size=3, max_size=3),
    piece_bytes=st.sampled_from([1, 7, 500, 512, 1 << 20]),
)
def test_zeros_behind_gzip_members_are_skipped(parts: list[bytes], padding: list[int], piece_bytes: int) -> None:
    """As gzip(1) and Python's own reader do it: at the end and between two, however the body is cut."""
    body = b"".join(gzip.compress(part) + bytes(zeros) for part, zeros in zip(parts, padding, strict=False))
    piece_bytes = max(piece_bytes, len(body) // 2000)
    pieces = [body[at : at + piece_bytes] for at in range(0, len(body), piece_bytes)]
    assert content_of(decoder_of("gzip"), *pieces) == b"".join(parts) == gzip.decompress(body)


@pytest.mark.parametrize(
    "body",
    [
        bytes(8) + gzip.compress(b"lines\n"),
        gzip.compress(b"lines\n") + bytes(8) + b"garbage",
        gzip.compress(b"lines\n") + b"\n",
        gzip.compress(b"lines\n") + bytes(8) + gzip.compress(b"more\n")[:-3],
        gzip.compress(b"lines\n")[:-8] + bytes(600),
    ],
    ids=["in front", "garbage", "line end", "cut member", "cut trailer"],  # the bytes hold the time
)
@pytest.mark.parametrize("piece_bytes", [1, 1 << 10])
def test_zeros_hide_no_damage(body: bytes, piece_bytes: int) -> None:
    """Zeros in front, garbage behind zeros, a member cut off behind them or padded within: all malformed."""
    with pytest.raises(EncodingMalformedError):
        content_of(decoder_of("gzip"), *(body[at : at + piece_bytes] for at in range(0, len(body), piece_bytes)))


def test_zeros_are_no_padding_of_zstd() -> None:
    """Its format knows skippable frames for that (RFC 8878, 3.1.2), which are skipped."""
    with pytest.raises(EncodingMalformedError):
        content_of(decoder_of("zstd"), zstd.compress(b"lines\n") + bytes(8))
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"empty"
    assert content_of(decoder_of("zstd"), skippable, zstd.compress(b"lines\n") + skippable) == b"lines\n"


def test_padding_has_the_bound_of_content() -> None:
    """Zeros without an end are cut off like any other body."""
    body = gzip.compress(b"lines\n")
    assert content_of(decoder_of("gzip", content_bytes_max=5000), body + bytes(4994)) == b"lines\n"
    with pytest.raises(TooMuchContentError):
        content_of(decoder_of("gzip", content_bytes_max=5000), body, bytes(4994), b"\0")


@pytest.mark.parametrize("piece_bytes", [1, 5, 1 << 20])
def test_room_can_be_made_before_a_frame_takes_its_window(piece_bytes: int) -> None:
    """An empty step comes between the frame's header and what it takes; behind the frame nothing is needed."""
    windows = [1 << 20, 1 << 23]
    body = b"".join(streamed(b"content" * 10, window_log=window.bit_length() - 1) for window in windows)
    decoder, needed, content = decoder_of("zstd"), [0], b""
    for at in range(0, len(body), piece_bytes):
        for step in decoder.feed(body[at : at + piece_bytes]):
            if decoder.bytes_needed not in {needed[-1], 0}:
                assert step == b""
                needed.append(decoder.bytes_needed)
            content += step
    decoder.end()
    assert content == b"content" * 20
    assert decoder.bytes_needed == 0
    assert [size - size % (1 << 20) for size in needed[1:]] == windows


def streamed(content: bytes, *, window_log: int) -> bytes:
    """A frame of a sender that does not know how much will come."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    return compressor.compress(content) + compressor.flush()


def test_a_frame_of_little_content_needs_little() -> None:
    """Whoever knows how much there is says so, and the window is no larger."""
    decoder = decoder_of("zstd")
    first, *_ = (decoder.bytes_needed for _ in decoder.feed(zstd.compress(b"content" * 100, level=19)))
    assert first <= CONTEXT_BYTES + 3 * 700


def test_many_frames_in_a_piece_take_linear_time() -> None:
    """Four times as many empty members take about four times as long: what is left is not copied with each."""

    def took_s(members: int) -> float:
        body, decoder = gzip.compress(b"") * members, decoder_of("gzip")
        began = time.process_time()
        assert not any(decoder.feed(body))
        return time.process_time() - began

    few, many = (min(took_s(members) for _ in range(3)) for members in (4_000, 16_000))
    assert many < 8 * few
