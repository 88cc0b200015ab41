"""The search for card numbers in free text once more, slow and by the letter of its rule: each part of each chain."""

import re
from collections.abc import Iterator

from tests.builders import check_digit
from txn_core.card_numbers.iban import without_ibans
from txn_core.card_numbers.issuer_ranges import ROWS
from txn_core.card_numbers.track_data import holds_track_data
from txn_core.transactions.plain_text import plain

_TELEPHONE = re.compile(r"(?<![0-9])[+]([0-9]+)(?![0-9A-Za-z])")
_CALLING_CODES = {"43": {13}, "49": {13}} | {code: {12, 13} for code in ("57", "58", "59", "60", "62", "63", "64")}
_FOURS = "(4|8|12|16)(,(4|8|12|16))*(,[123])?"
_PRINTED = "3:4,6,4|[356]:4,6,5|6:4,6,6|1:4,5,6|[56]:4,4,5"
_GROUPINGS = re.compile(f"[0-9]+|{_FOURS}|{_PRINTED}|1(,1)*")


def holds_card_number(text: str) -> bool:
    """Whether any neighbouring groups of digits are a card number, or the text holds track data."""
    text = plain(text)
    return holds_track_data(text) or any(map(is_number, parts(text)))


def parts(text: str) -> Iterator[list[str]]:
    """Every part of every chain of groups of digits."""
    for chain in chains(text):
        for start in range(len(chain)):
            for end in range(start + 1, len(chain) + 1):
                yield chain[start:end]


def chains(text: str) -> list[list[str]]:
    """The groups of digits between words, IBANs, telephone numbers, and pluses that begin one.

    A word of two letters or more that is written together with digits ends where they begin.
    """
    text = _TELEPHONE.sub(lambda found: " x " if is_telephone(found[1]) else found[0], text)
    text = re.sub("(?<![0-9])[+](?=[(]?[0-9])", " x ", text)
    found: list[list[str]] = [[]]
    for word in without_ibans(" ".join(re.findall("[0-9A-Za-z]+", text))).split():
        digits = re.fullmatch("(?:([A-Za-z]{2,})?)([0-9]+)", word or "")
        if digits is None or digits[1]:
            found.append([])
        if digits is not None:
            found[-1].append(digits[2])
    return found


def is_telephone(digits: str) -> bool:
    """Whether digits behind a plus are of a country whose numbers are as long as a card number."""
    return len(digits) in _CALLING_CODES.get(digits[:2], ())


def is_number(groups: list[str]) -> bool:
    """Whether groups make a card number: length, check digit, issuer, and gaps where cards have them."""
    digits = "".join(groups)
    return (
        12 <= len(digits) <= 19
        and digits[-1] == check_digit(digits[:-1])
        and is_issued(digits)
        and has_gaps_of_a_card(digits, [len(group) for group in groups])
    )


def is_issued(digits: str) -> bool:
    """Whether a row of the table has it."""
    return any(row.first <= digits[: len(row.first)] <= row.last and len(digits) in row.lengths for row in ROWS)


def has_gaps_of_a_card(digits: str, sizes: list[int]) -> bool:
    """Whether the groups' sizes are as people write card numbers."""
    shape = ",".join(map(str, sizes))
    if _GROUPINGS.fullmatch(shape) or _GROUPINGS.fullmatch(f"{digits[0]}:{shape}"):
        return True
    return len(sizes) == 2 and min(sizes) >= 6 and sum(sizes) >= 16
