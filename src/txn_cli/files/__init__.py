"""Files as they come: packed or plain, rows or something else. What a file is, is told by its content."""

from txn_cli.files.file_errors import SourceError
from txn_cli.files.opening import open_rows

__all__ = ["SourceError", "open_rows"]
