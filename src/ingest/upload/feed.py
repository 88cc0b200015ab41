"""Rows in chunks: read by a thread of their own, one chunk ahead of whoever takes them.

Reading blocks, on a disk or on a pipe through which rows trickle, and must block neither the event loop nor its
end. A chunk is handed over when it is full, by its rows or by their bytes, or when its rows have waited long enough
for more.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from ingest.layouts.read_rows import Row, SoundRow

LINGER_S: Final = 1.0
CHUNK_BYTES_MAX: Final = 8 << 20
"""Bodies that a chunk holds, and one row more. The widest rows of 5,000 would take 320 MB, of a file of a few MB."""


class RowFeed:
    """Hands out the rows of an iterable in their order. Holds one chunk at most."""

    def __init__(self, rows: Iterable[Row], *, chunk_rows: int, linger_s: float = LINGER_S) -> None:
        self._source = rows
        self._chunk_rows, self._linger_s = chunk_rows, linger_s
        self._changed = threading.Condition()
        self._chunk: list[Row] = []
        self._chunk_bytes = 0
        self._ended = False
        self._error: Exception | None = None

    async def chunks(self) -> AsyncGenerator[list[Row], None]:
        """Every chunk; an error of reading is raised after the rows before it were handed out."""
        # Daemonic: a read that blocks for ever, on a terminal say, must not keep the process alive.
        threading.Thread(target=self._read, name="row-feed", daemon=True).start()
        try:
            while chunk := await asyncio.to_thread(self._take):
                yield chunk
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            for row in self._source:
                if not self._add(row):
                    return
        except Exception as error:  # noqa: BLE001 - carried over to the task that takes the rows
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _add(self, row: Row) -> bool:
        """Add a row once there is room for it; false when nobody wants more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not self._is_full())
            if self._ended:
                return False
            self._chunk.append(row)
            self._chunk_bytes += len(row.body) if isinstance(row, SoundRow) else 0
            if len(self._chunk) == 1 or self._is_full():
                self._changed.notify_all()
            return True

    def _is_full(self) -> bool:
        return len(self._chunk) >= self._chunk_rows or self._chunk_bytes >= CHUNK_BYTES_MAX

    def _take(self) -> list[Row]:
        """The next chunk; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._chunk)
            self._changed.wait_for(lambda: self._ended or self._is_full(), timeout=self._linger_s)
            chunk, self._chunk, self._chunk_bytes = self._chunk, [], 0
            self._changed.notify_all()
            return chunk
