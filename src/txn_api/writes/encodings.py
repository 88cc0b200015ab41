"""Compressed bodies, taken apart piece by piece in bounded memory.

A few kilobytes may hold gigabytes, so each step gives at most `STEP_BYTES_MAX`, and a body is cut off by the size of
what is in it and by how much more that is than what was sent (a decompression bomb).
"""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Literal, Protocol

from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

from txn_api.writes import zstd_frames

Encoding = Literal["identity", "gzip", "zstd"]
ENCODINGS: Final[tuple[Encoding, ...]] = ("identity", "gzip", "zstd")
# RFC 9110, 8.4.1.3: a name of the time before HTTP/1.1, which means gzip.
_OLD_NAMES: Final = {"x-gzip": "gzip"}

STEP_BYTES_MAX: Final = 16 << 10
FED_BYTES_MAX: Final = 16 << 10
"""Given to a decompressor at once: it copies what it does not take yet, with each step and each frame."""
# NDJSON of transactions shrinks to a tenth or a twentieth; lines that are all the same, to a hundredth.
RATIO_MAX: Final = 200
RATIO_FREE_BYTES: Final = 1 << 20  # below this much content the ratio says nothing
_GZIP_WINDOW: Final = 31  # zlib's way of asking for a gzip header and trailer
# Behind a gzip member zeros up to the end of a tape's or a disk's block are no content (gzip(1), "gzip on tapes").
_PADDING: Final[dict[Encoding, bytes]] = {"gzip": b"\0"}


class EncodingMalformedError(Exception):
    """The bytes are not in the encoding that they were declared to be in, or end in its middle."""


class TooMuchContentError(Exception):
    """The body holds more than it may, or suspiciously more than was sent."""


def named_encoding(value: str) -> str:
    """The one content coding that a `Content-Encoding` field names: in lower case, by its present name.

    Several codings are given as the list that they are, which is the name of none. Empty elements of a list do not
    count (RFC 9110, 5.6.1.2).
    """
    names = [name for name in (part.strip(" \t").lower() for part in value.split(",")) if name]
    return ", ".join(_OLD_NAMES.get(name, name) for name in names) or "identity"


class _Frame(Protocol):
    """One compressed frame (gzip: member) that is being taken apart."""

    @property
    def eof(self) -> bool:
        """Whether the frame is complete."""

    @property
    def unused_data(self) -> bytes:
        """What was fed and lies behind the frame."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take bytes in, and give at most `max_length` of content: if it is as much, more may be left."""


class _Gzip:
    """As the decompressor of Zstandard is: it keeps what it does not take yet."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_WINDOW)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


_ZSTD_OPTIONS: Final[dict[int, int]] = {DecompressionParameter.window_log_max: zstd_frames.WINDOW_LOG_MAX}
_FRAMES: Final[dict[Encoding, Callable[[], _Frame]]] = {
    "gzip": _Gzip,
    "zstd": partial(ZstdDecompressor, options=_ZSTD_OPTIONS),
}
# What a frame needs, by its beginning, where that may be much; None says that the beginning is too short to tell.
_BYTES_NEEDED: Final[dict[Encoding, Callable[[bytes], int | None]]] = {"zstd": zstd_frames.bytes_needed}


class Decoder:
    """The content of one body. Several frames may follow each other, as `cat a.gz b.gz` makes them.

    Zeros behind a gzip member, and between two, are skipped. They count as content, so that they have a bound, too.
    """

    def __init__(self, encoding: Encoding, *, content_bytes_max: int) -> None:
        self._make = _FRAMES.get(encoding)
        self._bytes_needed = _BYTES_NEEDED.get(encoding)
        self._begin = b""  # of a frame that does not tell yet what it needs
        self.bytes_needed = 0
        """The memory that the present frame needs. When it is more than before, an empty step comes first, so that
        whoever reads can see to it that there is room."""
        self._padding = _PADDING.get(encoding, b"")
        self._frame: _Frame | None = None
        self._frames_ended = 0
        self._content_bytes_max = content_bytes_max
        self._sent = self._content = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The content of a piece, in steps.

        Raises:
            EncodingMalformedError: the piece is not in the declared encoding.
            TooMuchContentError: the body holds too much.
        """
        if self._make is None:
            self._sent += len(piece)
            yield self._counted(piece)
            return
        for begin in range(0, len(piece), FED_BYTES_MAX):
            fed = piece[begin : begin + FED_BYTES_MAX]
            self._sent += len(fed)
            for step in self._steps(fed, self._make):
                yield self._counted(step)

    def end(self) -> None:
        """The body is over.

        Raises:
            EncodingMalformedError: its last frame is not.
        """
        if self._frame is not None or self._begin:
            raise EncodingMalformedError

    def _counted(self, content: bytes) -> bytes:
        self._content += len(content)
        self._refuse_bomb()
        return content

    def _steps(self, piece: bytes, make: Callable[[], _Frame]) -> Iterator[bytes]:
        while piece := self._without_padding(piece):
            if self._frame is None:
                piece, self._begin = self._begin + piece, b""
                if not self._knows_needs(piece):
                    self._begin = piece
                    return
                if self.bytes_needed:
                    yield b""
                self._frame = make()
            yield from self._frame_steps(self._frame, piece)
            if not self._frame.eof:
                return
            piece, self._frame = self._frame.unused_data, None
            self._frames_ended += 1
            self.bytes_needed = 0

    def _knows_needs(self, begin: bytes) -> bool:
        """Whether the beginning of a frame tells what the frame needs."""
        needed = 0 if self._bytes_needed is None else self._bytes_needed(begin)
        if needed is None:
            return False
        self.bytes_needed = needed
        return True

    def _without_padding(self, piece: bytes) -> bytes:
        """What is left of a piece behind the padding that it begins with, which may stand behind a frame alone."""
        if self._frame is not None or self._begin or not self._frames_ended or not self._padding:
            return piece
        rest = piece.lstrip(self._padding)
        self._content += len(piece) - len(rest)
        self._refuse_bomb()
        return rest

    def _frame_steps(self, frame: _Frame, piece: bytes) -> Iterator[bytes]:
        try:
            content = frame.decompress(piece, STEP_BYTES_MAX)
            yield content
            # A step that was filled may have left content behind although all input is taken; any other took it all.
            while not frame.eof and len(content) == STEP_BYTES_MAX:
                content = frame.decompress(b"", STEP_BYTES_MAX)
                yield content
        except (zlib.error, ZstdError):
            raise EncodingMalformedError from None

    def _refuse_bomb(self) -> None:
        suspicious = self._content > RATIO_FREE_BYTES and self._content > RATIO_MAX * self._sent
        if self._content > self._content_bytes_max or suspicious:
            raise TooMuchContentError
