"""Where rows come from: a file, packed or plain, standard input (`-`), or any other stream of bytes."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO, RawIOBase
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

from ingest.files.file_errors import SourceError, cannot_read
from ingest.files.table import OnRecognised, read_table
from ingest.files.unpacking import DAMAGES
from ingest.layouts.csv_records import EndlessError
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.read_rows import Row
from ingest.layouts.reading_options import Reading

__all__ = ["STANDARD_INPUT", "Source", "SourceError"]

STANDARD_INPUT: Final = "-"


class Source:
    """An open file with rows, and how it is to be read."""

    def __init__(self, name: str, raw: RawIOBase, size: int, reading: Reading) -> None:
        """Take a stream that is open, and its size in bytes, or 0 where that is not known."""
        self._name, self._raw, self._size, self._reading = name, raw, size, reading
        self.on_recognised: OnRecognised = lambda _layout, _absent: None
        """Told which layout the file has, once that is known."""
        self.is_rereadable = False
        """Whether its rows may be read a second time, which those of a pipe may not."""

    @classmethod
    @contextmanager
    def open(cls, name: str, reading: Reading | None = None) -> Iterator[Self]:
        """Open a file by its path, or standard input.

        Raises:
            SourceError: there is no such file, or it may not be read.
        """
        try:
            # Standard input stays open: closing it would wait for a read that a thread may still be in.
            raw = FileIO(0, closefd=False) if name == STANDARD_INPUT else FileIO(name)
            found = Path(name).stat() if name != STANDARD_INPUT else None
            source = cls(name, raw, found.st_size if found else 0, reading or Reading())
            source.is_rereadable = found is not None and stat.S_ISREG(found.st_mode)
        except OSError as error:
            raise SourceError(cannot_read(name, error)) from None
        try:
            yield source
        finally:
            if name != STANDARD_INPUT:
                raw.close()

    def rows(self, limit: int | None = None) -> Iterator[Row]:
        """Every row, or the first ones, read as they are asked for.

        Raises:
            SourceError: the file holds no rows, or is damaged, from some place on.
            LayoutError: the file is in none of the layouts.
        """
        try:
            yield from islice(read_table(cast("BinaryIO", self._raw), self._reading, self.on_recognised), limit)
        except (SourceError, LayoutError) as error:
            raise type(error)(f"cannot read {self._name}: {error}") from None
        except EndlessError as error:
            raise SourceError(f"cannot read {self._name} to its end: {error}") from None
        except EOFError:
            raise SourceError(
                f"cannot read {self._name} to its end: the archive was cut off: fetch it again"
            ) from None
        except DAMAGES as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise SourceError(
                f"cannot read {self._name} to its end: {reason or 'the archive is damaged: fetch it again'}"
            ) from None

    @property
    def fraction(self) -> float | None:
        """What part of the file has been read; None when its size is not known."""
        return min(1.0, self._raw.tell() / self._size) if self._size else None
