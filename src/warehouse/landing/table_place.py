"""A folder of tables as Parquet files, on a disk or in S3: an object is there whole, or it is not there.

Arrow's file systems write both alike. In S3 an object appears when it is complete. On a disk it is written beside its
name and renamed, so a kill or a full disk leaves what was there before.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
from pyarrow import fs

from txn_core.exceptions import SettingsError, WarehouseBusyError, WarehouseError

PAUSE_S: Final = 0.1
SCHEMES: Final = ("s3://", "s3a://")
_LOCK: Final = "run.lock"


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A folder by its address.

    Attributes:
        address: an absolute path, or `s3://` or `s3a://` with bucket and prefix, as Spark gets it.
        root: the same as Arrow has it, without a scheme.
    """

    address: str
    root: str
    _files: Any = field(repr=False)

    @classmethod
    def at(cls, address: str, *, s3_url: str | None = None, region: str | None = None) -> Self:
        """The folder at an address; nothing is made.

        Args:
            address: see the attribute.
            s3_url: where S3 answers, when it is not AWS.
            region: the bucket's region; None is the one of the environment.

        Raises:
            SettingsError: the address is none.
        """
        address = address.rstrip("/")
        if not address.startswith(SCHEMES):
            if "://" in address or not Path(address).is_absolute():
                raise SettingsError(
                    f"no folder for tables: {address!r} is no absolute path and no s3a://BUCKET/PREFIX"
                )
            return cls(address, address, fs.LocalFileSystem())
        path = address.partition("://")[2]
        if "/" not in path:
            raise SettingsError(f"no folder for tables: name a prefix in the bucket, as {address}/warehouse")
        scheme, _, host = (s3_url or "https://").partition("://")
        return cls(address, path, fs.S3FileSystem(region=region, scheme=scheme, endpoint_override=host or None))

    @property
    def is_local(self) -> bool:
        """Whether the folder is on a disk, where a lock keeps others out."""
        return not self.address.startswith(SCHEMES)

    def read(self, name: str) -> bytes | None:
        """The bytes of an object, or None when there is none."""
        try:
            with _told(self.address), self._files.open_input_stream(self._path(name)) as stream:
                return bytes(stream.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, body: bytes) -> None:
        """Put an object in the place of what stands there."""
        with self.writing(name) as stream:
            stream.write(body)

    @contextmanager
    def writing(self, name: str) -> Iterator[Any]:
        """A stream, whose object is there at the end of the block, and not when the block fails.

        In S3 only for names that are not taken: what stood there would be gone when the block fails.
        """
        path = self._path(name)
        written = f"{path}.new" if self.is_local else path
        with _told(self.address):
            self._make_folder(os.path.dirname(path))  # noqa: PTH120 - also a key of S3
            stream = self._files.open_output_stream(written)
        try:
            with _told(self.address):  # a full disk shows while the block writes
                yield stream
        except BaseException:
            self._give_up(stream, written)
            raise
        with _told(self.address):
            stream.close()
            if self.is_local:
                _put_in_place(Path(written), Path(path))

    def folders(self, name: str) -> dict[str, datetime]:
        """The folders in a folder by their names, with the moment of their newest object or change."""
        return {
            info.base_name: info.mtime or _newest(self._files, info) for info in self._list(name) if _is_folder(info)
        }

    def files(self, folder: str) -> list[str]:
        """The Parquet files of a table in their order, as Arrow's datasets take them."""
        return sorted(info.path for info in self._list(folder) if info.base_name.endswith(".parquet"))

    def delete(self, folder: str) -> None:
        """Delete a folder with all that is in it, if it is there."""
        with suppress(FileNotFoundError), _told(self.address):
            self._files.delete_dir(self._path(folder))

    def has(self, name: str) -> bool:
        """Whether there is an object of a name."""
        with _told(self.address):
            return bool(self._files.get_file_info(self._path(name)).type == fs.FileType.File)

    @property
    def filesystem(self) -> Any:
        """Arrow's file system, for datasets."""
        return self._files

    @contextmanager
    def locked(self, *, wait_s: float, name: str = _LOCK) -> Iterator[None]:
        """Let one process and thread at a time into the block, where the folder is on a disk. S3 has no locks.

        Raises:
            WarehouseBusyError: another one is in for longer than `wait_s`.
        """
        if not self.is_local:
            yield
            return
        until = time.monotonic() + wait_s
        with _told(self.address):
            self._make_folder(self.root)
            file = Path(self._path(name)).open("wb")  # noqa: SIM115 - closed below, and errors of the block are its own
        with file:
            while not _taken(file.fileno()):
                if time.monotonic() >= until:
                    raise WarehouseBusyError(
                        f"another run holds the tables in {self.address}: wait for it, or end it"
                    )
                time.sleep(PAUSE_S)
            yield

    def abandoned(self, name: str, named: Sequence[str], grace: timedelta) -> list[str]:
        """The folders in a folder that nothing names, and that have not changed for a while."""
        since = datetime.now(UTC) - grace
        return [
            f"{name}/{each}" for each, changed in self.folders(name).items() if each not in named and changed <= since
        ]

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _make_folder(self, path: str) -> None:
        if self.is_local:
            Path(path).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _list(self, name: str) -> list[Any]:
        with _told(self.address):
            return list(self._files.get_file_info(fs.FileSelector(self._path(name), allow_not_found=True)))

    def _give_up(self, stream: Any, written: str) -> None:
        """Leave nothing of a stream. In S3 closing it completes the object, and Arrow closes what is let go of."""
        with suppress(OSError, pa.ArrowException):
            stream.close()
        with suppress(OSError, pa.ArrowException):
            self._files.delete_file(written)


def _is_folder(info: Any) -> bool:
    return bool(info.type == fs.FileType.Directory)


def _newest(files: Any, folder: Any) -> datetime:
    """When the newest object below a prefix of S3 was written: a prefix has no time of its own."""
    found = files.get_file_info(fs.FileSelector(folder.path, recursive=True, allow_not_found=True))
    return max((info.mtime for info in found if info.mtime is not None), default=datetime.now(UTC))


def _put_in_place(written: Path, path: Path) -> None:
    """Rename a file when the disk has its bytes."""
    for synced, then in ((written, lambda: written.replace(path)), (path.parent, lambda: None)):
        descriptor = os.open(synced, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        then()


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Errors of the disk and of S3 as ours."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        remedy = "the bucket, AWS_REGION and the credentials" if "://" in address else "the folder and its disk"
        raise WarehouseError(f"cannot read or write {address} ({_reason(error)}): see {remedy}") from None


def _reason(error: Exception) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
