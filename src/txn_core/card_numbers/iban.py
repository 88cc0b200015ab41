"""International bank account numbers (ISO 13616): a grouped one is digits in fours, as a card number is."""

import re
import string
from itertools import islice
from typing import Final

from txn_core.card_numbers.card_windows import BREAK

# Letters and digits in all, by country (IBAN Registry, ISO 13616-1).
_LENGTHS: Final = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_KINDS: Final = bytes(
    65 if chr(code).isalpha() else 48 if chr(code).isdigit() else code for code in range(128)
).ljust(256)
_LETTERS: Final = b" AA"  # found in less time, since hardly a text of digits has letters
_BEGINNING: Final = b" AA00"
_CANDIDATE: Final = re.compile(r"[A-Za-z](?<![A-Za-z0-9].)[A-Za-z][0-9]{2}")
_OF_LENGTH: Final = {
    length: re.compile(rf"[A-Za-z0-9](?: ?+[A-Za-z0-9]){{{length - 1}}}(?![A-Za-z0-9])")
    for length in set(_LENGTHS.values())
}
_PRINTED: Final = re.compile("[A-Z]{2}[0-9]{2}(?: [A-Za-z0-9]{4})*(?: [A-Za-z0-9]{1,4})?")
_AS_NUMBERS: Final = {ord(character): str(int(character, 36)) for character in string.ascii_letters}
CANDIDATES_MAX: Final = 16  # a British postcode's half is one, too
LOOKED_AT_MAX: Final = 4


def kinds_of(words: str) -> bytes:
    """ASCII text with an A for each letter and a 0 for each digit, and a space before it."""
    return b" " + words.encode().translate(_KINDS)


def may_hold_iban(kinds: bytes) -> bool:
    """Whether a word of a text begins as an IBAN does, by the `kinds_of` it."""
    return _LETTERS in kinds and _BEGINNING in kinds


def without_ibans(words: str) -> str:
    """A text's words (its runs of ASCII letters and digits, with a space between them), with `BREAK` for each IBAN.

    What has a country's letters and the length of its IBANs is one if it is printed as IBANs are, in fours and with
    capital letters, whatever its check digits: people mistype them. Otherwise the check digits must be right. Only
    the first `LOOKED_AT_MAX` words that begin as an IBAN of some country does are looked at, among the first
    `CANDIDATES_MAX` that begin as if there were more countries: no request has as many, unless somebody wants to make
    work.
    """
    parts, at, looked_at = list[str](), 0, 0
    for candidate in islice(_CANDIDATE.finditer(words), CANDIDATES_MAX):
        start = candidate.start()
        if (length := _LENGTHS.get(candidate[0][:2].upper())) is None or start < at:
            continue
        looked_at += 1
        found = _OF_LENGTH[length].match(words, start)
        if found is not None and (_PRINTED.fullmatch(found[0]) or _has_check_digits(found[0].replace(" ", ""))):
            parts += words[at:start], BREAK
            at = found.end()
        if looked_at == LOOKED_AT_MAX:
            break
    return "".join([*parts, words[at:]])


def _has_check_digits(text: str) -> bool:
    """Whether it is 1 modulo 97 with its country and check digits last, letters as 10 to 35 (ISO/IEC 7064)."""
    return int((text[4:] + text[:4]).translate(_AS_NUMBERS)) % 97 == 1
