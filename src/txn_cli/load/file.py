"""The load of a file: from where it was interrupted, with its rejections kept and its progress told."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ingest.files.source import Source, SourceError
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import Delivery
from ingest.upload.loader import load_rows
from ingest.upload.totals import LoadTotals
from txn_cli.load.bookmark import Bookmark, Place
from txn_cli.load.rejects import RejectsFile

# Told of the totals so far, the part of the file that is read (if that can be known) and new rejections.
OnProgress = Callable[[LoadTotals, float | None, Sequence[Rejection]], None]


@dataclass(frozen=True, slots=True)
class FileLoad:
    """What to load, and where to keep what must outlast an interruption.

    Attributes:
        source: the open file.
        limit: how many of its rows, counted from the first.
        rejects: where rejections go, if anywhere.
        bookmark: what remembers an interrupted load; none for a source that cannot be read twice.
    """

    source: Source
    limit: int | None = None
    rejects: Path | None = None
    bookmark: Bookmark | None = None

    def place(self) -> Place:
        """Where the load begins: at the first row, unless an earlier run was interrupted further on."""
        place = self.bookmark.place() if self.bookmark else None
        return place if place and self._still_holds(place) else Place(LoadTotals())

    async def run(self, place: Place, delivery: Delivery, on_progress: OnProgress) -> LoadTotals:
        """Load all rows from a place on; the totals are those of the whole file.

        Raises:
            UndeliveredError: some outcomes stayed unknown; the same load, run again, goes on before them.
            SourceError: the file cannot be read on; says what became of the rows before.
            TxnError: see `load_rows`.
        """
        reached = place.totals
        kept = RejectsFile.open(self.rejects, keep_bytes=place.rejects_bytes) if self.rejects else nullcontext()
        with kept as rejects:

            def settled(totals: LoadTotals, rejections: Sequence[Rejection]) -> None:
                nonlocal reached
                reached = totals
                rejects_bytes = rejects.write(rejections) if rejects else 0
                if self.bookmark:
                    self.bookmark.put(Place(totals, rejects_bytes))
                fraction = self.source.fraction if self.limit is None else totals.read / self.limit
                on_progress(totals, fraction, rejections)

            rows = islice(self.source.rows(self.limit), place.totals.read, None)
            try:
                totals = await load_rows(rows, delivery, before=place.totals, on_settled=settled)
            except SourceError as error:
                raise SourceError(f"{error}. {_so_far(reached)}") from None
        if self.bookmark:
            self.bookmark.remove()
        return totals

    def _still_holds(self, place: Place) -> bool:
        """Whether the rejects file has all that it had at the place."""
        if self.rejects is None:
            return True
        return self.rejects.is_file() and self.rejects.stat().st_size >= place.rejects_bytes


def _so_far(totals: LoadTotals) -> str:
    if not totals.read:
        return "Nothing was sent"
    return (
        f"The {totals.read:,} rows before are settled ({totals.accepted:,} accepted, {totals.rejected:,} rejected): "
        "load the whole file when you have it; a row that is sent twice is stored once"
    )
