"""Reads the file of a backup, or standard input, within a bound."""

import sys
from typing import Final

from ingest.files.file_errors import cannot_read
from txn_core.exceptions import StoreError

STANDARD_INPUT: Final = "-"
BYTES_MAX: Final = 256 << 20
"""A key takes some hundred bytes, and at most 40 KB with a thousand terminals."""


def content_of(file: str) -> bytes:
    """The bytes of a file; `-` is standard input.

    Raises:
        StoreError: it cannot be read, or is larger than any backup.
    """
    try:
        if file == STANDARD_INPUT:
            content = sys.stdin.buffer.read(BYTES_MAX + 1)
        else:
            with open(file, "rb") as opened:  # noqa: PTH123 - a path of the command line, as it is
                content = opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise StoreError(cannot_read(file, error)) from None
    if len(content) > BYTES_MAX:
        raise StoreError(f"a backup of API keys has at most {BYTES_MAX >> 20} MiB")
    return content
