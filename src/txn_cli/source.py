"""Where rows come from: a CSV file, plain or gzipped, or standard input (`-`)."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

from txn_cli.kaggle import Row, read_rows
from txn_core.errors import TxnError

STANDARD_INPUT: Final = "-"
_GZIP_MAGIC: Final = b"\x1f\x8b"


class SourceError(TxnError):
    """A file cannot be opened or read to its end."""


class Source:
    """An open file in the Kaggle layout."""

    def __init__(self, name: str, raw: FileIO) -> None:
        self._name, self._raw, self._file = name, raw, BufferedReader(raw)
        self._size = Path(name).stat().st_size if name != STANDARD_INPUT else 0

    @classmethod
    @contextmanager
    def open(cls, name: str) -> Iterator[Self]:
        """Open a file by its path, or standard input.

        Raises:
            SourceError: there is no such file, or it may not be read.
        """
        try:
            # Standard input stays open: closing it would wait for a read that a thread may still be in.
            raw = FileIO(0, closefd=False) if name == STANDARD_INPUT else FileIO(name)
            source = cls(name, raw)
        except OSError as error:
            raise SourceError(f"cannot read {name}: {error.strerror}") from None
        try:
            yield source
        finally:
            if name != STANDARD_INPUT:
                source._file.close()

    def rows(self, limit: int | None = None) -> Iterator[Row]:
        """Every row, or the first ones, read as they are asked for.

        Raises:
            SourceError: the file is damaged, from some place on.
            LayoutError: the file is not in the Kaggle layout.
        """
        try:
            yield from islice(read_rows(self._plain()), limit)
        except (EOFError, zlib.error, OSError) as error:
            raise SourceError(f"cannot read {self._name} to its end: {error}") from None

    @property
    def fraction(self) -> float | None:
        """What part of the file has been read; none when its size is not known."""
        return min(1.0, self._raw.tell() / self._size) if self._size else None

    def _plain(self) -> BinaryIO:
        if self._file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
            return cast("BinaryIO", gzip.GzipFile(fileobj=self._file))
        return self._file
