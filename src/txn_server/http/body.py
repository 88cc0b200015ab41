"""The body of a request, taken out of what a connection brings (RFC 9112, 6 and 7.1)."""

import re
from collections.abc import Callable
from typing import Final, Protocol

from txn_api.problems import HeadTooLarge, MalformedHttp, UriTooLong
from txn_server.http.head import HEAD_BYTES_MAX, check_trailers, size_of_section

_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*")
_LINE_END: Final = b"\r\n"
_EMPTY_LINES: Final = (b"\n", b"\r\n")


class Body(Protocol):
    """A body that is still to come."""

    ended: bool

    def read(self, data: bytes) -> tuple[bytes, int]:
        """The content in `data`, and how many bytes of `data` belong to the body.

        Raises:
            MalformedHttp: they are none of a body; what came before them was given.
        """


class SizedBody:
    """A body of so many bytes."""

    __slots__ = ("ended", "left")

    def __init__(self, length: int) -> None:
        self.left = length
        """Bytes that are still to come."""
        self.ended = False

    def read(self, data: bytes) -> tuple[bytes, int]:
        """See `Body`."""
        piece = data[: self.left]
        self.left -= len(piece)
        self.ended = not self.left
        return piece, len(piece)


class ChunkedBody:
    """A body in chunks. Extensions of chunks are dropped, and so are trailer fields (RFC 9110, 6.5.1)."""

    __slots__ = ("_faulty", "_kept", "_left", "_searched", "_step", "ended")

    def __init__(self) -> None:
        self._left = 0  # bytes of this chunk
        self._kept = bytearray()  # what came of a line, or of the trailer section, whose end is still to come
        self._searched = 0
        self._step: _Step = ChunkedBody._read_size  # of the class: a bound one would be a cycle for the collector
        self._faulty = self.ended = False

    def read(self, data: bytes) -> tuple[bytes, int]:
        """See `Body`. A fault behind content is raised at the next call."""
        if self._faulty:
            raise MalformedHttp
        content = bytearray()  # joining pieces takes 80 bytes a piece
        position = 0
        try:
            while position < len(data) and not self.ended:
                position = self._step(self, data, position, content)
        except (MalformedHttp, HeadTooLarge, UriTooLong):
            if not content:
                raise MalformedHttp from None
            self._faulty = True
        return bytes(content), position

    # Each step takes what is its own of `data`, from `position` on, and gives the position behind it.

    def _read_size(self, data: bytes, position: int, _: bytearray) -> int:
        end = data.find(_LINE_END, position)
        if self._kept.endswith(b"\r") and data.startswith(b"\n", position):
            line, behind = bytes(self._kept[:-1]), position + 1
        elif end < 0:
            self._kept += data[position:]
            if len(self._kept) > HEAD_BYTES_MAX:
                raise MalformedHttp
            return len(data)
        else:
            line, behind = bytes(self._kept) + data[position:end], end + len(_LINE_END)
        if b"\n" in line or len(line) > HEAD_BYTES_MAX or (size := _CHUNK_SIZE.fullmatch(line)) is None:
            raise MalformedHttp
        self._kept.clear()
        self._left = int(size[1], 16)
        self._step = ChunkedBody._read_content if self._left else ChunkedBody._read_trailers
        return behind

    def _read_content(self, data: bytes, position: int, content: bytearray) -> int:
        piece = data[position : position + self._left]
        content += piece
        self._left -= len(piece)
        if not self._left:
            self._step = ChunkedBody._read_line_end
        return position + len(piece)

    def _read_line_end(self, data: bytes, position: int, _: bytearray) -> int:
        missing = len(_LINE_END) - len(self._kept)
        self._kept += data[position : position + missing]
        if not _LINE_END.startswith(self._kept):
            raise MalformedHttp
        if len(self._kept) == len(_LINE_END):
            self._kept.clear()
            self._step = ChunkedBody._read_size
        return min(position + missing, len(data))

    def _read_trailers(self, data: bytes, position: int, _: bytearray) -> int:
        begun = len(self._kept)
        self._kept += data[position : position + HEAD_BYTES_MAX + 1 - begun]
        size = self._size_of_trailers()
        if not size:
            self._searched = len(self._kept)
            return position + len(self._kept) - begun
        if size > len(_LINE_END):
            check_trailers(bytes(self._kept[:size]))
        self._kept.clear()
        self.ended = True
        return position + size - begun

    def _size_of_trailers(self) -> int:
        """As `size_of_section`, for a section that may be empty."""
        for empty in _EMPTY_LINES:
            if self._kept.startswith(empty):
                return len(empty)
        return 0 if self._kept == b"\r" else size_of_section(self._kept, self._searched)


_Step = Callable[[ChunkedBody, bytes, int, bytearray], int]
