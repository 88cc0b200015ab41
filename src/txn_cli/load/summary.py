"""What a person sees of a load: its progress, its first rejections, and how many there were of each kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from txn_cli.output.meter import Meter

REJECTIONS_SHOWN: Final = 10
COLUMNS_SHOWN: Final = 4
USUAL_LAYOUT: Final = "kaggle"
KINDS_SHOWN: Final = 50


class LoadSummary:
    """Tells of one load on its meter. Single rejections are shown only when they go to no file."""

    def __init__(self, meter: Meter, *, rejects: Path | None) -> None:
        self._meter, self._rejects = meter, rejects
        self._left_to_show = 0 if rejects else REJECTIONS_SHOWN

    def begin(self, layout: str, absent: Sequence[str]) -> None:
        """Show which layout the file has, and the columns that it does without, if that is anything unusual."""
        more = f" and {len(absent) - COLUMNS_SHOWN} more" if len(absent) > COLUMNS_SHOWN else ""
        without = f", without {', '.join(absent[:COLUMNS_SHOWN])}{more}" if absent else ""
        if layout != USUAL_LAYOUT or without:
            self._meter.say(f"Layout {layout}{without}")

    def progress(self, totals: LoadTotals, fraction: float | None, rejections: Sequence[Rejection]) -> None:
        """Show how far the load is, and the first rejections."""
        shown = rejections[: self._left_to_show]
        self._left_to_show -= len(shown)
        for rejection in shown:
            self._meter.say(f"line {rejection.line}: {rejection.field} {rejection.message} ({rejection.code})")
        rate = totals.read / totals.seconds if totals.seconds else 0.0
        self._meter.show(fraction, f"{totals.read:,} rows, {totals.rejected:,} rejected, {rate:,.0f} rows/s")

    def end(self, totals: LoadTotals) -> None:
        """Show how many rejections there were of each kind, and where all of them are."""
        kinds = sorted(totals.faults.items(), key=lambda item: -item[1])
        for kind, count in kinds[:KINDS_SHOWN]:
            self._meter.say(f"{count:>8,} x {kind}")
        if len(kinds) > KINDS_SHOWN:
            self._meter.say(f"and {len(kinds) - KINDS_SHOWN:,} more kinds")
        if totals.rejected:
            self._meter.say(f"each with its line {f'in {self._rejects}' if self._rejects else 'by --rejects FILE'}")
