"""What a verification found."""

from dataclasses import asdict, astuple, dataclass
from typing import Final, Self

EXPLANATIONS: Final = {
    "rows": "sound rows of the file",
    "missing_in_index": "not found by id",
    "different_in_index": "found with other content",
    "missing_in_lake": "without a row of the same content in the lake",
    "duplicated_in_lake": "stream positions that the lake holds more than once",
    "repeated_in_stream": "sent more than once (information, not a fault)",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of rows, but for `duplicated_in_lake`, which counts stream positions of the whole lake."""

    rows: int = 0
    missing_in_index: int = 0
    different_in_index: int = 0
    missing_in_lake: int = 0
    duplicated_in_lake: int = 0
    repeated_in_stream: int = 0

    @property
    def all_right(self) -> bool:
        """Whether the store holds what the file says. Repeats are no fault: an id may be sent again."""
        faults = (self.missing_in_index, self.different_in_index, self.missing_in_lake, self.duplicated_in_lake)
        return not any(faults)

    def __add__(self, other: Self) -> Self:
        return type(self)(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def document(self) -> dict[str, int]:
        """The counts as a machine reads them."""
        return asdict(self)
