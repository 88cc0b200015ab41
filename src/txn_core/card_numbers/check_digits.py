"""The Luhn check (ISO/IEC 7812-1, annex B) of every part of a run of digits."""

from itertools import accumulate

from txn_core.card_numbers.pan import DOUBLED


def has_part_with_check_digit(digits: str, lengths: range) -> bool:
    """Whether any part of ASCII digits that has one of these lengths ends in its check digit.

    Sums over all digits are taken once, so that the sum of a part is one subtraction: a part ends in its check digit
    if the sums before and behind it have the same last digit.
    """
    plain = digits.encode("ascii")
    doubled = plain.translate(DOUBLED)
    # For parts that end at an odd place the digits at odd places count as they are, otherwise those at even places.
    even, odd = bytearray(doubled), bytearray(doubled)
    even[::2], odd[1::2] = plain[::2], plain[1::2]
    last_digits = tuple([sum_ % 10 for sum_ in accumulate(_values(each), initial=0)] for each in (even, odd))
    return any(
        last_digits[(end - 1) % 2][end]
        in last_digits[(end - 1) % 2][max(0, end - lengths[-1]) : max(0, end - lengths[0] + 1)]
        for end in range(lengths[0], len(digits) + 1)
    )


def _values(digits: bytearray) -> list[int]:
    return [digit - ord("0") for digit in digits]
