"""International bank account numbers (ISO 13616): a grouped one is digits in fours, as a card number is."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

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
_BEGINNING: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}")
_BEGINNING_OF_WORD: Final = re.compile(r"[A-Za-z](?<![A-Za-z0-9].)[A-Za-z][0-9]{2}")
_GROUP: Final = 4

LOOKED_AT_MAX: Final = 16


def may_hold_iban(text: str) -> bool:
    """Whether a word of an ASCII text begins as an IBAN does."""
    return _BEGINNING_OF_WORD.search(text) is not None


def without_ibans(words: Sequence[str]) -> Iterator[str | None]:
    """The words of a text (its runs of ASCII letters and digits), with one `None` for the words of each IBAN.

    What has a country's letters and the length of its IBANs is one if it is printed as IBANs are, in fours and with
    capital letters, whatever its check digits: people mistype them. Otherwise the check digits must be right. Only
    the first `LOOKED_AT_MAX` words that begin as an IBAN does are looked at: no text has as many, unless somebody
    wants to make work.
    """
    at = looked_at = 0
    while at < len(words):
        if words[at] > "9" and _BEGINNING.match(words[at]) and looked_at < LOOKED_AT_MAX:
            looked_at += 1
            if count := _words_of_iban(words, at):
                yield None
                at += count
                continue
        yield words[at]
        at += 1


def _words_of_iban(words: Sequence[str], at: int) -> int:
    """How many words from one on, which begins as an IBAN does, are one; 0 if none begins there."""
    wanted = _LENGTHS.get(words[at][:2].upper(), 0)
    text = ""
    for count, word in enumerate(words[at : at + wanted], 1):
        text += word
        if len(text) >= wanted:
            is_iban = len(text) == wanted and (_is_printed(words[at : at + count]) or _has_check_digits(text))
            return count if is_iban else 0
    return 0


def _is_printed(words: Sequence[str]) -> bool:
    return words[0][:2].isupper() and all(len(word) == _GROUP for word in words[:-1]) and len(words[-1]) <= _GROUP


def _has_check_digits(text: str) -> bool:
    """Whether it is 1 modulo 97 with its country and check digits last, letters as 10 to 35 (ISO/IEC 7064)."""
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1
