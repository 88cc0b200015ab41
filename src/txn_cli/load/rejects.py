"""The file of rejections that a load leaves behind: one line a fault, CSV or NDJSON by the file's name."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import BinaryIO, Self

from ingest.layouts.rejection import Rejection
from txn_cli.output.reasons import cannot_write
from txn_core.exceptions import TxnError


class RejectsFile:
    """Takes rejections in the order of their lines. Holds where and why, never a row or a value of one."""

    def __init__(self, file: BinaryIO, *, as_csv: bool) -> None:
        self._file, self._as_csv = file, as_csv

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, keep_bytes: int = 0) -> Iterator[Self]:
        """Open the file, of which so many bytes stay from an earlier part of the load.

        Raises:
            TxnError: it cannot be written.
        """
        try:
            file = path.open("r+b" if keep_bytes else "wb")
        except OSError as error:
            raise TxnError(cannot_write(path, error)) from None
        with file:
            file.truncate(keep_bytes)
            file.seek(keep_bytes)
            rejects = cls(file, as_csv=path.suffix == ".csv")
            if rejects._as_csv and not keep_bytes:
                rejects._put(rejects._csv([tuple(field.name for field in fields(Rejection))]))
            yield rejects

    def write(self, rejections: Sequence[Rejection]) -> int:
        """Add rejections; the file's length in bytes after them."""
        ndjson = (json.dumps(asdict(rejection)) + "\n" for rejection in rejections)
        self._put(self._csv(map(astuple, rejections)) if self._as_csv else "".join(ndjson))
        return self._file.tell()

    def _put(self, text: str) -> None:
        self._file.write(text.encode())
        self._file.flush()

    @staticmethod
    def _csv(lines: "Iterator[tuple[object, ...]] | Sequence[tuple[object, ...]]") -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return text.getvalue()
