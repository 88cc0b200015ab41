"""How much one API key may take. What a key does not say, the process's settings say."""

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final, Self

from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one key: 0 is without limit, none is what the process's settings say.

    All but the last are bounds of one API process. `cards_of_mask_max` is what the key's account may send and look
    up a day, by all of its keys and at all processes (ADR 31).
    """

    writes_per_s: int | None = None
    reads_per_s: int | None = None
    lines_per_s: int | None = None
    requests_max: int | None = None
    cards_of_mask_max: int | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The bounds of every key that has none of its own."""
        return cls(
            writes_per_s=settings.key_writes_per_s,
            reads_per_s=settings.key_reads_per_s,
            lines_per_s=settings.key_lines_per_s,
            requests_max=settings.key_requests_max,
            cards_of_mask_max=settings.key_cards_of_mask_max,
        )

    def over(self, defaults: "Limits") -> "Limits":
        """These bounds, and the defaults where nothing is said."""
        return Limits(*(b if a is None else a for a, b in zip(_bounds(self), _bounds(defaults), strict=True)))


_bounds: Final = attrgetter(*(field.name for field in fields(Limits)))
UNLIMITED: Final = Limits(0, 0, 0, 0)
"""No bound of what a key takes of a process; who guesses card numbers is stopped as the settings say."""
BY_SETTINGS: Final = Limits()
