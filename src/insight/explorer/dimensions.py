"""What a choice may name, and what views are by."""

from dataclasses import dataclass
from typing import Final

SEGMENT: Final = "segment"
DIMENSIONS: Final = ("region", "state", "month", "category", "gender", "age_band", SEGMENT, "currency")
"""In the order of the views."""
BY_TRANSACTION: Final = ("month", "category")
"""Those that vary between the transactions of a customer; to add them up makes the cube small."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of some dimensions, by name. Months are their first days, as texts."""

    values: tuple[tuple[str, str], ...] = ()

    def besides(self, dimension: str) -> dict[str, str]:
        """The choice that the view of a dimension follows: every one but its own."""
        return {name: value for name, value in self.values if name != dimension}

    def names(self, *dimensions: str) -> bool:
        """Whether one of these is chosen."""
        return any(name in dimensions for name, _ in self.values)
