"""Made-up IBANs in groups of four, as people write them: the structure of each country, valid check digits.

Structures are those of the IBAN Registry (ISO 13616): `n` a digit, `a` a letter, `c` either, with their numbers.
"""

import random
import re
import string
from collections.abc import Iterator
from typing import Final

STRUCTURES: Final = {
    "AE": "3n16n",
    "AT": "5n11n",
    "BE": "3n9n",
    "BG": "4a4n2n8c",
    "BR": "8n5n10n1a1c",
    "CH": "5n12c",
    "CZ": "4n6n10n",
    "DE": "8n10n",
    "DK": "4n10n",
    "EE": "2n14n",
    "ES": "8n2n10n",
    "FI": "14n",
    "FR": "5n5n11c2n",
    "GB": "4a6n8n",
    "GR": "7n16c",
    "HR": "7n10n",
    "HU": "7n1n15n1n",
    "IE": "4a6n8n",
    "IT": "1a5n5n12c",
    "LT": "5n11n",
    "LU": "3n13c",
    "LV": "4a13c",
    "MT": "4a5n18c",
    "NL": "4a10n",
    "NO": "4n6n1n",
    "PL": "8n16n",
    "PT": "4n4n11n2n",
    "RO": "4a16c",
    "SA": "2n18c",
    "SE": "3n16n1n",
    "SI": "5n8n2n",
    "SK": "4n6n10n",
    "TR": "5n1n16c",
    "UA": "6n19c",
}
_KINDS: Final = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits}
"""Most banks have digits alone where a letter may stand."""

TEXTS: Final = ("{}", "IBAN {}", "Konto {}, bitte", "{} BIC COBADEFFXXX", "pay to {} by friday")


def grouped_ibans(count: int, *, seed: int) -> Iterator[str]:
    """Texts with an IBAN each, equally often of every country."""
    rng = random.Random(seed)
    countries = sorted(STRUCTURES)
    for number in range(count):
        iban = made_up(rng, countries[number % len(countries)])
        yield rng.choice(TEXTS).format(" ".join(iban[at : at + 4] for at in range(0, len(iban), 4)))


def made_up(rng: random.Random, country: str) -> str:
    """An IBAN of a country, without spaces."""
    parts = re.findall(r"([0-9]+)([nac])", STRUCTURES[country])
    account = "".join("".join(rng.choices(_KINDS[kind], k=int(length))) for length, kind in parts)
    as_number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    return f"{country}{98 - as_number % 97:02}{account}"
