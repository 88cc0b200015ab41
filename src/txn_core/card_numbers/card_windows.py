"""The sieve of the search for card numbers: all parts of long chains of digits are looked at side by side.

A chain is digits in groups, with nothing but separators between them. Each of its digits begins eight parts, of 12 to
19 digits. To look at them one by one costs more than all other work on a request. Here every digit of all chains has
a lane of one byte in a large integer, so that one operation of the interpreter does the same for all digits:

- A shift moves to each lane what stands so many digits behind it. Sums and alternatives over the digits of a part are
  built of those over 2, 4, 8 and 16 digits. No sum is over 127, so that no lane disturbs its neighbour.
- `bytes.translate` turns lanes into answers, where 0 says that a lane may begin a card number. Until then the highest
  bit of a lane says that it does not, and the others hold a sum.

What is left has its check digit, begins as an issuer's numbers of its length do as far as two digits tell, begins and
ends with a group, and has groups of four, single digits alone, or few groups. The exact rule is asked of it alone.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Final

from txn_core.card_numbers.groupings import SEARCHED_LENGTHS, is_grouping
from txn_core.card_numbers.issuer_ranges import ISSUERS, ROWS
from txn_core.card_numbers.pan import passes_luhn

BREAK: Final = "x"
"""Stands between two chains, as a group of its own."""

_BREAK: Final = ord(BREAK)
_BEGINS: Final = 0x80  # marks a digit that begins a group
_TRIED_GROUPS_MAX: Final = 8
_FEW_GROUPS: Final = 3  # 6-10, 4-6-5

_GROUP: Final = re.compile(rb"\x01\x00*")
_GROUPINGS_KEPT: Final = 1_024

_FLAG_BIT: Final = 7
_FLAG: Final = 1 << _FLAG_BIT  # the highest bit of a lane says no

Lanes = int


def _table(answer: Callable[[int], int]) -> bytes:
    """A table for `bytes.translate`."""
    return bytes(answer(byte) for byte in range(256))


def _digit(byte: int) -> int:
    """The value of a digit, marked or not; 0 for a break."""
    return max(0, (byte & ~_BEGINS) - ord("0")) % 10 if byte & ~_BEGINS != _BREAK else 0


_VALUES: Final = _table(_digit)
_DOUBLED: Final = _table(lambda byte: sum(divmod(2 * _digit(byte), 10)))
_SPACES: Final = _table(lambda byte: _BEGINS * (byte == ord(" ")))
_STARTS: Final = _table(lambda byte: byte >= _BEGINS)
_BREAKS: Final = _table(lambda byte: _FLAG * (byte & ~_BEGINS == _BREAK))
_INSIDE: Final = _table(lambda byte: _FLAG * (byte < _BEGINS))
_UNMARKED: Final = _table(lambda byte: byte & ~_BEGINS)
_LAST_DIGIT: Final = _table(lambda sum_: sum_ % 10)
_NOT_TENS: Final = _table(lambda sum_: sum_ >= _FLAG or sum_ % 10 > 0)
_MANY: Final = _table(lambda groups: _FLAG * (groups > _FEW_GROUPS))


def _not_issued(two: int) -> int:
    """A bit for each length, the shortest first, that no scheme's numbers with these two first digits have."""
    issued = {
        length
        for row in ROWS
        if int(row.first.ljust(2, "0")[:2]) <= two <= int(row.last.ljust(2, "9")[:2])
        for length in row.lengths
    }
    return sum(1 << bit for bit, length in enumerate(SEARCHED_LENGTHS) if length not in issued)


_NOT_ISSUED: Final = _table(_not_issued)


def chains_with_numbers(chains: Sequence[str]) -> set[int]:
    """The places of those chains that hold a card number.

    A chain is twelve ASCII digits or more in groups, with one space between them.
    """
    if len(chains) + "".join(chains).count(" ") > _TRIED_GROUPS_MAX:
        return _sifted(chains)
    return {place for place, chain in enumerate(chains) if _has_number(chain.split(" "))}


def _has_number(groups: Sequence[str]) -> bool:
    """Whether neighbouring groups are a card number, each way tried: of few groups that takes less than the sieve."""
    for first in range(len(groups)):
        digits = ""
        for last, group in enumerate(groups[first:], first + 1):
            digits += group
            if len(digits) >= SEARCHED_LENGTHS.stop:
                break
            if len(digits) in SEARCHED_LENGTHS and digits in ISSUERS and passes_luhn(digits):
                sizes = tuple(map(len, groups[first:last]))
                if is_grouping(sizes, digits[0]):
                    return True
    return False


def _sifted(chains: Sequence[str]) -> set[int]:
    marked = _marked(chains)
    digits_of_each = "\n".join(chains).replace(" ", "") + "\n"
    sizes = [*map(len, digits_of_each.splitlines(keepends=True))]
    ends = [*accumulate(sizes)]
    found = set[int]()
    refused = set[bytes]()  # the same digits over and over would be asked for each time
    for length, unfit in _unfit(marked, max(sizes) - len("\n")):
        start = unfit.find(0)
        while start >= 0:
            part = marked[start : start + length]
            if part not in refused:
                place = bisect_right(ends, start)
                if place in found:
                    start = ends[place] - 1
                elif _is_number(part):
                    found.add(place)
                    if len(found) == len(chains):
                        return found
                    start = ends[place] - 1
                else:
                    refused.add(part)
            start = unfit.find(0, start + 1)
    return found


def _marked(chains: Sequence[str]) -> bytes:
    """All digits, those marked that begin a group, and a break behind each chain."""
    text = f" {f' {BREAK} '.join(chains)} {BREAK}".encode()
    lanes = int.from_bytes(text, "little")
    marks = int.from_bytes(text.translate(_SPACES), "little") << 8
    return (lanes | marks).to_bytes(len(text), "little").translate(None, b" ")


def _is_number(part: bytes) -> bool:
    digits = part.translate(_UNMARKED).decode()
    return digits in ISSUERS and _is_grouping(part.translate(_STARTS), digits[0])


@lru_cache(_GROUPINGS_KEPT)
def _is_grouping(starts: bytes, first_digit: str) -> bool:
    """Whether card numbers that begin with a digit are grouped so; each group begins with 1, and 0 goes on."""
    return is_grouping(tuple(map(len, _GROUP.findall(starts))), first_digit)


def _unfit(marked: bytes, length_max: int) -> Iterator[tuple[int, bytes]]:
    """Each length that a part may have, and 0 for each lane at which one begins that may be a card number.

    No chain is longer than `length_max`.
    """
    size = len(marked)
    lanes = int.from_bytes
    values, doubled, breaks, inside = [
        lanes(marked.translate(table), "little") for table in (_VALUES, _DOUBLED, _BREAKS, _INSIDE)
    ]
    flags = lanes(bytes([_FLAG]) * size, "little")
    no_start, starts = inside | breaks, flags ^ inside
    not_issued = lanes((10 * values + (values >> 8)).to_bytes(size, "little").translate(_NOT_ISSUED), "little")
    many = lanes((_sums_of_twelve(starts >> _FLAG_BIT)).to_bytes(size, "little").translate(_MANY), "little")
    windows = _luhn_sums(values, doubled, size), _any_within(no_start), _any_within(breaks), _no_fours(starts)
    for length, sum_, not_single, broken, no_fours in zip(SEARCHED_LENGTHS, *windows, strict=True):
        if length > length_max:
            return
        rest = length % 4
        # One to three digits left over are a group of their own.
        not_fours = no_fours | inside >> 8 * (length - rest) if rest else no_fours
        unfit = not_issued << SEARCHED_LENGTHS.stop - 1 - length | no_start | inside >> 8 * length | broken
        unfit = (unfit | not_single & not_fours & many) & flags
        if unfit != flags:  # of most lengths no part ends with a group
            yield length, (unfit | sum_).to_bytes(size, "little").translate(_NOT_TENS)


def _luhn_sums(plain: Lanes, doubled: Lanes, size: int) -> Iterator[Lanes]:
    """The sum of the Luhn check (ISO/IEC 7812-1, annex B) over the digits of each length, the shortest first.

    Of the sum over the first twelve digits the last digit counts, so that no sum reaches the lane's highest bit.
    """
    two = doubled + (plain >> 8)
    four = two + (two >> 16)
    twelve = (four + (four >> 32) + (four >> 64)).to_bytes(size, "little").translate(_LAST_DIGIT)
    even = int.from_bytes(twelve, "little")
    for length in SEARCHED_LENGTHS[::2]:
        yield even
        yield plain + (even >> 8)
        even += two >> 8 * length


def _sums_of_twelve(each: Lanes) -> Lanes:
    two = each + (each >> 8)
    four = two + (two >> 16)
    return four + (four >> 32) + (four >> 64)


def _any_within(each: Lanes) -> Iterator[Lanes]:
    """Whether any lane within each length is set, the shortest first."""
    two = each | each >> 8
    four = two | two >> 16
    found = four | four >> 32 | four >> 64
    for length in SEARCHED_LENGTHS:
        yield found
        found |= each >> 8 * length


def _no_fours(starts: Lanes) -> Iterator[Lanes]:
    """Whether a group begins within each length, at a place that is no multiple of four."""
    four = starts >> 8 | starts >> 16 | starts >> 24
    found = four | four >> 32 | four >> 64
    for length in SEARCHED_LENGTHS:
        yield found
        if length % 4:
            found |= starts >> 8 * length
