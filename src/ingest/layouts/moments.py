"""The times of rows as instants."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ingest.layouts.cells import UnfitError, is_empty
from ingest.layouts.formats import compiled, moment_of
from ingest.layouts.model import Moment
from ingest.layouts.zones import LocalTimeError, to_utc, zone_of


class MomentReader:
    """Reads the cells of a time column."""

    def __init__(self, column: Moment) -> None:
        self._column = column
        self._patterns = [compiled(form) for form in column.formats]
        self._zone = zone_of(column.zone)

    def instant(self, cells: Sequence[str], zone: str = "") -> str:
        """The instant in RFC 3339, in UTC, of a time: one cell, or a date and a time of day.

        `zone` names the row's own time zone; without it the layout's counts.

        Raises:
            UnfitError: the cells are no time in any of the layout's forms, or none that clocks showed once.
        """
        cell = cells[0] if len(cells) == 1 else " ".join(cells)
        if is_empty(cell):
            raise UnfitError("value_missing")
        try:
            moment = self._moment(cell)
            if moment.tzinfo is None:
                moment = self._in_utc(moment, zone)
            return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
        except (ValueError, OverflowError):
            raise UnfitError("timestamp_format") from None

    def _moment(self, cell: str) -> datetime:
        for pattern in self._patterns:
            if found := pattern.fullmatch(cell):
                return moment_of(found.groupdict())
        raise UnfitError("timestamp_format")

    def _in_utc(self, moment: datetime, name: str) -> datetime:
        try:
            zone = self._zone if is_empty(name) else zone_of(name.strip())
        except ValueError:
            raise UnfitError("zone_unknown") from None
        try:
            return to_utc(moment, zone, ambiguous=self._column.ambiguous)
        except LocalTimeError as error:
            raise UnfitError(str(error)) from None
