"""Card numbers that differ in their hidden digits alone, as somebody who guesses tries them."""

from collections.abc import Iterator

from tests.builders import check_digit


def cards_of_mask(count: int, *, first: str = "999999", last: str = "1234", begin: int = 0) -> list[str]:
    """So many made-up card numbers of 16 digits with the same first six and last four digits."""
    return list(_cards(range(begin, begin + count), first, last))


def _cards(ordinals: range, first: str, last: str) -> Iterator[str]:
    for ordinal in ordinals:
        hidden = f"{ordinal:05d}"
        # The sixth hidden digit is the one with which the last digit is the check digit of all others.
        yield next(
            number
            for digit in "0123456789"
            if check_digit((number := f"{first}{hidden}{digit}{last}")[:-1]) == number[-1]
        )
