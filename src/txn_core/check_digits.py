"""The Luhn check (ISO/IEC 7812-1, annex B) of every part of a long run of digits."""

from itertools import accumulate

from txn_core.pan import DOUBLED


class CheckDigits:
    """Sums over a run of digits, taken once, so that the check of any part of it is one subtraction."""

    __slots__ = ("_sums",)

    def __init__(self, digits: str) -> None:
        """Take ASCII digits."""
        plain = digits.encode("ascii")
        doubled = plain.translate(DOUBLED)
        # In the first sums the digits at even places count as they are, in the second those at odd places.
        even, odd = bytearray(doubled), bytearray(doubled)
        even[::2], odd[1::2] = plain[::2], plain[1::2]
        self._sums = [*accumulate(even, initial=0)], [*accumulate(odd, initial=0)]

    def fits(self, start: int, end: int) -> bool:
        """Whether the digits from `start` to before `end` end in their check digit."""
        sums = self._sums[(end - 1) % 2]
        return (sums[end] - sums[start] - ord("0") * (end - start)) % 10 == 0
