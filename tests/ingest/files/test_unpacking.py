"""Packed streams: all of what is in them, in bounded memory, or an error."""

import io
import lzma
import tracemalloc
import zlib
from typing import BinaryIO, cast

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from ingest.files.unpacking import DAMAGES, PIECE_BYTES, unpacked
from tests.ingest.files.packed import STREAMS

KINDS = sorted(STREAMS)


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, piece: int) -> None:
        self._content, self._piece, self.asked = io.BytesIO(content), piece, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        self.asked += 1
        piece = self._content.read(min(self._piece, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


def _checked_zstd(content: bytes) -> bytes:
    """With a checksum, as the command `zstd` packs."""
    return zstd.compress(content, options={zstd.CompressionParameter.checksum_flag: 1})


def opened(packed: bytes, piece: int = PIECE_BYTES) -> BinaryIO:
    stream = unpacked(packed[:64], cast("BinaryIO", Trickle(packed, piece)))
    assert stream is not None
    return stream


@pytest.mark.parametrize("kind", KINDS)
@given(content=st.binary(max_size=2_000), piece=st.integers(1, 100), repeated=st.integers(1, 200))
def test_what_was_packed_comes_out_however_it_comes_in(kind: str, content: bytes, piece: int, repeated: int) -> None:
    content *= repeated
    assert opened(STREAMS[kind](content), piece).read() == content


@pytest.mark.parametrize("kind", KINDS)
def test_several_streams_in_a_row_are_one_content(kind: str) -> None:
    """What parallel packers make, and `cat a.gz b.gz`; more of them than Python has frames."""
    packed = b"".join(STREAMS[kind](b"%d\n" % n) for n in range(1_200))
    assert opened(packed).read() == b"".join(b"%d\n" % n for n in range(1_200))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_behind_the_last_stream_is_passed_over(kind: str) -> None:
    assert opened(STREAMS[kind](b"rows") + bytes(200_000)).read() == b"rows"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_stream_behind_one_is_an_error_and_not_the_end(kind: str) -> None:
    """The standard library's readers of bz2 and xz end there without a word, and rows would be lost."""
    with pytest.raises((EOFError, *DAMAGES)):
        opened(STREAMS[kind](b"rows") + b"something else, which is long enough to be looked at").read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_was_cut_off_gives_what_came_and_then_an_error(kind: str) -> None:
    content = b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000))
    packed = STREAMS[kind](content)
    stream = opened(packed[: len(packed) - 20])
    got: list[bytes] = []
    with pytest.raises(EOFError):
        got.extend(iter(lambda: stream.read(1), b""))
    assert content.startswith(b"".join(got))
    # One that packs all of this into one block has nothing to give before the block's end.
    assert got or kind == "bz2"


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_stream_is_an_error(kind: str) -> None:
    pack = STREAMS[kind] if kind != "zst" else _checked_zstd
    packed = bytearray(pack(bytes(range(256)) * 200))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises((EOFError, *DAMAGES)):
        opened(bytes(packed)).read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_read_in_bounded_memory(kind: str) -> None:
    """64 MiB of zeros out of a few KiB, of which the first MiB is looked at, and of the rest nothing is unpacked."""
    bomb = STREAMS[kind](bytes(64 << 20))
    tracemalloc.start()
    try:
        stream = opened(bomb)
        for _ in range(256):
            assert len(stream.read(4_096)) == 4_096
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_stream_of_xz_that_asks_for_very_much_memory_is_refused() -> None:
    packed = bytearray(lzma.compress(b"rows"))
    # The xz format, 3.1 and 5.3.1: the block's header behind the stream's, its dictionary of 2 GiB, its CRC32.
    begin, end = 12, 12 + 4 * packed[12]
    assert packed[begin + 2 : begin + 4] == b"\x21\x01"
    packed[begin + 4] = 38
    packed[end : end + 4] = zlib.crc32(packed[begin:end]).to_bytes(4, "little")
    with pytest.raises(lzma.LZMAError, match="Memory usage limit"):
        opened(bytes(packed)).read()


def test_a_stream_of_zstd_that_asks_for_very_much_memory_is_refused() -> None:
    options: dict[int, int] = {
        zstd.CompressionParameter.window_log: 30,
        zstd.CompressionParameter.content_size_flag: 0,
    }
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(b"rows") + packer.flush()
    with pytest.raises(zstd.ZstdError):
        opened(packed).read()


def test_rows_that_trickle_into_a_packed_pipe_come_out_as_they_come_in() -> None:
    """A flushed line is there without waiting for the next one."""
    packer = zstd.ZstdCompressor()
    first = packer.compress(b"a,b\n", mode=zstd.ZstdCompressor.FLUSH_BLOCK)
    source = Trickle(first + packer.compress(b"c,d\n") + packer.flush(), len(first))
    stream = unpacked(first, cast("BinaryIO", source))
    assert stream is not None
    assert stream.readline() == b"a,b\n"
    assert source.asked == 1


@pytest.mark.parametrize("head", [b"", b"BZh,amt\n", b"a,b\n", b"\x1f", b"PK\x03\x04"])
def test_what_is_not_packed_is_left_alone(head: bytes) -> None:
    assert unpacked(head, io.BytesIO(head)) is None
