"""How a file is to be read: by which layouts, under which separator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from ingest.layouts.catalogue import layout_named, packaged_layouts
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.mapping import parse_map, renamed, unknown_names
from ingest.layouts.model import SEPARATORS, Layout

_SPELLED: Final = {"tab": "\t", "\\t": "\t"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said about a file.

    Attributes:
        layouts: those that it may be in, in the order in which its header is held against them.
        separator: what stands between its cells; None for what its layout says.
        member: which file of a zip archive is meant; None when there is but one with rows.
        maps: the names that `--map` gave: the layout's, and the file's.
    """

    layouts: tuple[Layout, ...] = ()
    separator: str | None = None
    member: str | None = None
    maps: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        *,
        layout: str | None = None,
        renames: Sequence[str] = (),
        separator: str | None = None,
        member: str | None = None,
    ) -> Self:
        """What the options of a command say.

        Raises:
            LayoutError: they do not fit.
        """
        pairs = parse_map(renames)
        known = (layout_named(layout),) if layout is not None else packaged_layouts()
        fitting = [one for one in known if not unknown_names(one, pairs)]
        if not fitting:
            name = unknown_names(known[0], pairs)[0]
            hint = (
                f"; did you mean --map {pairs[name]}={name}?"
                if not unknown_names(known[0], {pairs[name]: ""})
                else ""
            )
            raise LayoutError(f"--map {name}: layout {known[0].name} has no such column or field{hint}")
        separator = None if separator is None else _SPELLED.get(separator, separator)
        if separator is not None and separator not in SEPARATORS:
            raise LayoutError("--separator: must be one of , ; | tab")
        return cls(tuple(renamed(one, pairs) for one in fitting), separator, member, tuple(pairs.items()))

    @property
    def candidates(self) -> tuple[Layout, ...]:
        """The layouts that the file may be in: those that come along when nothing was said."""
        return self.layouts or packaged_layouts()

    def particulars(self) -> str:
        """What makes a load by this reading another than one of the same file by another reading."""
        return "" if self == Reading() else repr(self)
