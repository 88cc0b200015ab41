"""Packed streams, unpacked as they are read, in bounded memory however much comes out of them.

The standard library's own readers of bz2 and xz pass over what stands behind the last stream. There it would be rows
that were lost without a word, so the steps between streams are made here.
"""

import bz2
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import BinaryIO, Final

from backports import zstd

PIECE_BYTES: Final = 64 << 10
XZ_MEMORY_BYTES_MAX: Final = 256 << 20
"""What an xz stream may ask for: `xz -9` asks for 65 MiB, a hostile one for 4 GiB."""

DAMAGES: Final = (
    OSError,
    zlib.error,
    lzma.LZMAError,
    zstd.ZstdError,
    zipfile.BadZipFile,
)
"""What reading a damaged archive raises, but for `EOFError`, which says that it was cut off."""


class _Gunzip:
    """zlib's decompressor of gzip (RFC 1952) in the manner of the others."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._more = False

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._more

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        made = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self._more = bool(self._stream.unconsumed_tail) or len(made) == max_length
        return made


Decompressor = _Gunzip | bz2.BZ2Decompressor | lzma.LZMADecompressor | zstd.ZstdDecompressor
"""Each unpacks one stream in bounded steps."""


class Unpacked(io.RawIOBase):
    """The content of one or several streams in a row, as `cat a.bz2 b.bz2` makes them."""

    def __init__(self, packed: BinaryIO, start: Callable[[], Decompressor]) -> None:
        self._packed, self._start, self._stream = packed, start, start()
        self._behind = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """The next bytes of the content; 0 at its end.

        Raises:
            EOFError: a stream was cut off.
        """
        while not self._stream.eof or self._next_stream():
            given = b""
            if self._stream.needs_input and not (given := self._take()):
                raise EOFError
            if made := self._stream.decompress(given, len(buffer)):
                buffer[: len(made)] = made
                return len(made)
        return 0

    def _take(self) -> bytes:
        """Packed bytes; none at their end."""
        if self._behind:
            taken, self._behind = self._behind, b""
            return taken
        return some_bytes(self._packed, PIECE_BYTES)

    def _next_stream(self) -> bool:
        """Begin the stream behind this one; False when only padding is left."""
        self._behind = self._stream.unused_data.lstrip(b"\0")
        while not self._behind:
            if not (piece := self._take()):
                return False
            self._behind = piece.lstrip(b"\0")
        self._stream = self._start()
        return True


class Preceded(io.RawIOBase):
    """Bytes that were read already, and the rest of the stream that they came from."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """The next bytes, as few as come at once; 0 at the end."""
        if self._head:
            piece, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            piece = some_bytes(self._rest, len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def some_bytes(file: BinaryIO, size: int) -> bytes:
    """Some bytes, without waiting for as many as may come; none at the end of the stream."""
    read = file.read1 if isinstance(file, io.BufferedReader) else file.read
    return read(size) or b""


def unpacked(head: bytes, file: BinaryIO) -> io.BufferedReader | None:
    """The content of a packed stream that begins with `head`; None when it is not packed."""
    start = next((start for begins, start in _PACKINGS if begins.match(head)), None)
    return None if start is None else io.BufferedReader(Unpacked(file, start))


_PACKINGS: Final[tuple[tuple[re.Pattern[bytes], Callable[[], Decompressor]], ...]] = (
    (re.compile(rb"\x1f\x8b"), _Gunzip),
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    (re.compile(rb"\xfd7zXZ\x00"), partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES_MAX)),
    # A frame, or a skippable one, with which parallel packers begin (RFC 8878, 3.1). Windows: 128 MiB at most.
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), zstd.ZstdDecompressor),
)
