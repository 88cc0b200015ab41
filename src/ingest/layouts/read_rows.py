"""Rows of a file as request bodies, or as what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.layouts.rejection import ENTIRE_ROW, Rejection


@dataclass(frozen=True, slots=True)
class SoundRow:
    """A row that fits its layout: the line it starts on and its request body as compact JSON.

    `columns` names the file's column behind each JSON pointer into the body.
    """

    line: int
    body: bytes = field(repr=False)
    columns: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def column_of(self, pointer: str) -> str:
        """The file's column behind a JSON pointer of the service; `row` when no column stands behind it."""
        return self.columns.get(pointer.removeprefix("#"), ENTIRE_ROW)


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row that does not fit its layout, with every fault that was found."""

    line: int
    faults: tuple[Rejection, ...]


Row = SoundRow | DamagedRow
