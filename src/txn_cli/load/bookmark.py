"""Where an interrupted load goes on: a small file for each load that has not come to its end.

A load is known by everything that makes it this one: the file's content, the service, the key and the options.
The name is an HMAC under the API key, since a bare digest of a short file would let somebody who knows the rest
of a row try card numbers against it.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.upload.totals import LoadTotals
from txn_cli.stack.datadir import read_as, write_private
from txn_core.exceptions import StackError


@dataclass(frozen=True, slots=True)
class Place:
    """How far a load has come: totals of all rows that are settled, and the length of its rejects file then."""

    totals: LoadTotals
    rejects_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Bookmark:
    """The place of one load, kept in a file until the load is complete."""

    path: Path

    @classmethod
    def of(cls, folder: Path, file: Path, *, api_key: str, particulars: Iterable[str]) -> "Bookmark":
        """The bookmark of a load of this file's content with these particulars. Reads the whole file."""
        mark = hmac.new(api_key.encode(), digestmod=hashlib.sha256)
        for particular in particulars:
            mark.update(f"{len(particular)}:{particular}".encode())
        with file.open("rb") as content:
            hashlib.file_digest(content, lambda: mark)
        return cls(folder / f"{mark.hexdigest()[:32]}.json")

    def place(self) -> Place | None:
        """Where to go on; none for a load that was not interrupted, or whose file cannot be read."""
        try:
            return read_as(self.path, Place)
        except StackError:
            return None

    def put(self, place: Place) -> None:
        """Remember the place, on disk when this returns."""
        write_private(self.path, asdict(place))

    def remove(self) -> None:
        """Forget the load: run again, it starts from the beginning."""
        self.path.unlink(missing_ok=True)
