"""The file that is to be taken in: on this machine or in S3, its digest, and its rows."""

import asyncio
import hashlib
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from io import FileIO
from os import O_NONBLOCK, fstat
from os import open as open_
from typing import TYPE_CHECKING

from ingest.batches.batch_ids import Sha256
from ingest.batches.batch_upload import THE_FILE
from ingest.batches.object_file import ObjectContent
from ingest.files.file_errors import SourceError, cannot_read
from ingest.files.source import STANDARD_INPUT, Source
from ingest.layouts.reading_options import Reading
from operations.patience import briefly
from txn_cli.batches.s3_address import S3Address
from txn_core.aws.types import S3Client
from txn_core.aws.versioned_objects import VersionedObjects

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that is open: its size in bytes, the digest of its bytes, and its rows."""

    size: int
    sha256: Sha256
    source: Source


@asynccontextmanager
async def opened_file(name: str, reading: Reading, s3: S3Client) -> AsyncIterator[FileContent]:
    """Open a file by its path or its address in S3, and read it once for its digest.

    Raises:
        SourceError: there is no such file, or it cannot be read twice.
    """
    if (address := S3Address.parse(name)) is not None:
        content = await _object(address, s3)
        sha256 = await content.sha256()
        yield FileContent(content.size, sha256, Source(THE_FILE, content.opened(), content.size, reading))
        return
    if name == STANDARD_INPUT:
        raise SourceError(
            "a batch is known by its file's content, which is read twice: name a file, or use `txn load`"
        )
    try:
        raw = _SteadyFile(name)
    except OSError as error:
        raise SourceError(cannot_read(name, error)) from None
    with raw:
        found = fstat(raw.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise SourceError(f"{name} is no regular file, and is read twice: save it first, or use `txn load`")
        try:
            digest = await asyncio.to_thread(hashlib.file_digest, raw, "sha256")
        except OSError as error:
            raise SourceError(cannot_read(name, error)) from None
        raw.seek(0)
        yield FileContent(found.st_size, Sha256(digest.hexdigest()), Source(THE_FILE, raw, found.st_size, reading))


class _SteadyFile(FileIO):
    """A file that is read twice, and gives no bytes once somebody has written to it.

    Rows of a later content under the digest of the earlier one would make the earlier one a batch that is done, and
    nobody would ever send its rows.
    """

    def __init__(self, name: str) -> None:
        # A pipe that has a name would be waited for until somebody writes to it, also after Ctrl-C.
        super().__init__(name, opener=lambda path, flags: open_(path, flags | O_NONBLOCK))
        self._found = self._state()

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """The next bytes.

        Raises:
            SourceError: the file is not as it was when it was opened.
        """
        count = super().readinto(buffer)
        self._require_same()
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, as `readinto`."""
        data = super().read(size)
        self._require_same()
        return data

    def _state(self) -> tuple[int, int, int]:
        found = fstat(self.fileno())
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def _require_same(self) -> None:
        if self._state() != self._found:
            raise SourceError("somebody writes to the file: take it in when it is complete")


async def _object(address: S3Address, s3: S3Client) -> ObjectContent:
    objects = VersionedObjects(s3, address.bucket)
    if (found := await briefly("file", partial(objects.find, address.key))) is None:
        raise SourceError("there is no such object in S3: check bucket and key")
    return ObjectContent(objects, found, briefly)
