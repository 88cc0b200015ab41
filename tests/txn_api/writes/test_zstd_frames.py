"""What a Zstandard frame needs, by its header."""

import pytest
from backports import zstd

from txn_api.writes.zstd_frames import CONTEXT_BYTES, WINDOW_LOG_MAX, bytes_needed

KIB = 1 << 10
MAGIC = b"\x28\xb5\x2f\xfd"
ALL_BLOCKS = 2 * 128 * KIB


@pytest.mark.parametrize(
    ("header", "needed"),
    [
        (b"\x00\x00", CONTEXT_BYTES + 3 * KIB),
        (b"\x00\x68", CONTEXT_BYTES + (8 << 20) + ALL_BLOCKS),
        (b"\x00\x5b", CONTEXT_BYTES + (2 << 20) + 3 * (256 << 10) + ALL_BLOCKS),
        (b"\x20\x07", CONTEXT_BYTES + 3 * 7),
        (b"\x60\x00\x01", CONTEXT_BYTES + 3 * 512),
        (b"\x40\x68\x00\x00", CONTEXT_BYTES + 3 * 256),
        (b"\x83\x68" + bytes(4) + b"\x00\x00\x10\x00", CONTEXT_BYTES + (1 << 20) + ALL_BLOCKS),
        (b"\xa1\xff" + b"\x00\x00\x10\x00", CONTEXT_BYTES + (1 << 20) + ALL_BLOCKS),
        (b"\xe0" + (5).to_bytes(8, "little"), CONTEXT_BYTES + 15),
        (b"\x00\x70", 0),
        (b"\xa0" + (1 << 30).to_bytes(4, "little"), 0),
    ],
)
def test_a_header_tells_what_its_frame_needs(header: bytes, needed: int) -> None:
    """RFC 8878, 3.1.1.1: window or single segment, dictionary, content size; a part of it tells nothing."""
    whole = MAGIC + header
    assert bytes_needed(whole) == bytes_needed(whole + b"blocks") == needed
    assert {bytes_needed(whole[:size]) for size in range(len(whole))} == {None}


@pytest.mark.parametrize("begin", [b"{", b"\x28\xb5\x2f\xfe", b"\x50\x2a\x4d\x18\xff\xff\xff\xff", b"\x1f\x8b"])
def test_what_is_no_frame_needs_nothing(begin: bytes) -> None:
    """The library refuses or skips it."""
    assert bytes_needed(begin) == 0


@pytest.mark.parametrize("header", [b"\x00\x70", b"\xa0" + (1 << 30).to_bytes(4, "little")])
def test_what_needs_nothing_for_its_size_is_refused_by_the_library(header: bytes) -> None:
    """So that nothing goes past the bound."""
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_LOG_MAX}
    with pytest.raises(zstd.ZstdError):
        zstd.ZstdDecompressor(options=options).decompress(MAGIC + header + bytes(100), 1)


@pytest.mark.parametrize("window_log", range(10, WINDOW_LOG_MAX + 1))
def test_the_librarys_own_frames_are_understood(window_log: int) -> None:
    """Of a sender that does not know how much will come, the window; of one that does, no more than that."""
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    assert bytes_needed(compressor.compress(b"x" * 500_000, zstd.ZstdCompressor.FLUSH_BLOCK)) == (
        CONTEXT_BYTES + (1 << window_log) + 2 * min(1 << window_log, 128 * KIB)
    )
    assert bytes_needed(zstd.compress(b"x" * 1000)) == CONTEXT_BYTES + 3_000
