"""Marked card numbers: made up, each used once, so that whatever is found says where it came from."""

import random

from tests.builders import with_check_digit


class Marks:
    """Mints numbers, and knows all that it has minted with what each was used for."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.uses: dict[str, str] = {}

    def new(self, use: str, *, length: int = 16) -> str:
        """A number that passes Luhn and begins with 9, which ISO/IEC 7812 leaves to national bodies."""
        digits = "9" + "".join(self._dice.choices("0123456789", k=length - 2))
        number = with_check_digit(digits)
        self.uses[number] = use
        return number

    @property
    def numbers(self) -> frozenset[str]:
        """All numbers so far."""
        return frozenset(self.uses)
