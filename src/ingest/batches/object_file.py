"""A file in S3: one version of an object, read in blocks as it is asked for, in bounded memory and on no disk."""

import asyncio
import hashlib
import io
from functools import partial
from typing import Final

from ingest.batches.batch_ids import Sha256
from txn_core.aws.errors import code_of
from txn_core.aws.retry import Retry
from txn_core.aws.versioned_objects import ListedObject, VersionedObjects
from txn_core.exceptions import StoreError, TxnError

BLOCK_BYTES: Final = 4 << 20


class FileGoneError(TxnError):
    """The object is not there any more, or another one is there under its name."""


class ObjectContent:
    """The bytes of one version of an object. Nobody gets bytes of two versions."""

    def __init__(self, objects: VersionedObjects, found: ListedObject, retry: Retry) -> None:
        self._objects, self._found, self._retry = objects, found, retry

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._found.size

    async def block(self, start: int) -> bytes:
        """The bytes from a place on, at most `BLOCK_BYTES` of them; none at the end.

        Raises:
            FileGoneError: this version is gone.
        """
        if (end := min(start + BLOCK_BYTES, self.size)) <= start:
            return b""
        part = partial(self._objects.part, self._found.key, self._found.etag, start, end)
        if (data := await self._retry("file", part)) is None:
            raise FileGoneError("the file in S3 was replaced or removed while it was read")
        return data

    async def sha256(self) -> Sha256:
        """The digest of all bytes, which are read for it.

        Raises:
            FileGoneError: this version is gone.
        """
        digest, read = hashlib.sha256(), 0
        while data := await self.block(read):
            digest.update(data)
            read += len(data)
        return Sha256(digest.hexdigest())

    def opened(self) -> "ObjectFile":
        """The object as a file for other threads than the one of this event loop."""
        return ObjectFile(self, asyncio.get_running_loop())


class ObjectFile(io.RawIOBase):
    """An object as a file that may be read from any place on, as zip archives are. It holds one block.

    Whatever reading raises is an error of ours. One of the system would be taken for a damaged file.
    """

    def __init__(self, content: ObjectContent, loop: asyncio.AbstractEventLoop) -> None:
        self._content, self._loop = content, loop
        self._at = 0
        self._block_at, self._block = 0, b""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; nothing is read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._content.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """The next bytes, as many as are asked for or left: who reads a zip archive takes fewer for its end.

        Raises:
            TxnError: the object cannot be read on.
        """
        read = 0
        while read < len(buffer) and (piece := self._piece(len(buffer) - read)):
            buffer[read : read + len(piece)] = piece
            read += len(piece)
        return read

    def _piece(self, size: int) -> bytes:
        """The next bytes, as many as one block has of them; none at the end."""
        if not self._block_at <= self._at < self._block_at + len(self._block):
            self._block_at, self._block = self._at, self._fetched(self._at)
        begin = self._at - self._block_at
        piece = self._block[begin : begin + size]
        self._at += len(piece)
        return piece

    def _fetched(self, start: int) -> bytes:
        try:
            return asyncio.run_coroutine_threadsafe(self._content.block(start), self._loop).result()
        except TxnError:
            raise
        except Exception as error:
            raise StoreError(f"the file in S3 cannot be read just now ({code_of(error)}): try again") from error
