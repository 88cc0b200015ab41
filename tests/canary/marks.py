"""Marked card numbers: made up, each used once, so that whatever is found says where it came from."""

import random
from typing import Final

from tests.builders import with_check_digit

_SEARCHED_MIN: Final = 12


class Marks:
    """Mints numbers, and knows all that it has minted with what each was used for."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.uses: dict[str, str] = {}

    def new(self, use: str, *, length: int = 16) -> str:
        """A number that a scheme could have issued, so that free text may not hold it; one of under 12 digits none.

        It begins as documented test cards of Maestro do; a short one with 9, which ISO/IEC 7812 leaves to national
        bodies.
        """
        first = "67" if length >= _SEARCHED_MIN else "9"
        number = with_check_digit(first + "".join(self._rng.choices("0123456789", k=length - 1 - len(first))))
        self.uses[number] = use
        return number

    def beside(self, number: str, use: str) -> str:
        """A number of 16 digits with the first six and last four digits of another one."""
        while (other := self._of_mask(number)) in self.uses:
            pass
        self.uses[other] = use
        return other

    def _of_mask(self, number: str) -> str:
        hidden = "".join(self._rng.choices("0123456789", k=5))
        numbers = (f"{number[:6]}{hidden}{digit}{number[-4:]}" for digit in "0123456789")
        return next(found for found in numbers if with_check_digit(found[:-1]) == found)

    @property
    def numbers(self) -> frozenset[str]:
        """All numbers so far."""
        return frozenset(self.uses)
