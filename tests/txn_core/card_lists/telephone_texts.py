"""A store's number and its telephone number, as merchants' names on statements have them, in many countries' forms.

`#` is a digit, `$` one from 2 to 9. Forms are those of the national numbering plans (ITU-T E.164 and E.123).
"""

import random
import re
from collections.abc import Iterator
from typing import Final

SIGNS: Final = ("#", "", "No. ", "Store ", "STORE #", "T-", "SQ *")
GAPS: Final = (" ", "  ", " - ", ", ", " / ", ": ")
NORTH_AMERICA: Final = (
    "$##-$##-####",
    "($##) $##-####",
    "$##.$##.####",
    "$## $## ####",
    "$##$######",
    "1-$##-$##-####",
    "1 ($##) $##-####",
    "+1 $## $## ####",
    "+1$##$######",
    "+1 ($##) $##-####",
    "8##-$##-####",
    "$##-$##-#### x###",
)
ELSEWHERE: Final = {
    "Argentina": ("+54 9 11 #### ####", "011 ####-####"),
    "Australia": ("+61 4## ### ###", "(0#) #### ####", "1300 ### ###", "04## ### ###"),
    "Austria": ("+43 664 #######", "+436641######", "0664 #######"),
    "Brazil": ("+55 11 9####-####", "(11) 9####-####", "+55119########"),
    "Chile": ("+56 9 #### ####", "+569########"),
    "China": ("+86 13# #### ####", "13#########", "010-########", "+8613#########"),
    "Colombia": ("+57 3## #######", "+573#########", "3## ### ####"),
    "Denmark": ("+45 ## ## ## ##", "## ## ## ##"),
    "France": ("01 ## ## ## ##", "+33 1 ## ## ## ##", "06########", "+336########"),
    "Germany": ("+49 30 ######", "030 ######", "0151 ########", "+49 151 ########", "+4915#########", "089/######"),
    "Hong Kong": ("+852 $### ####", "$### ####"),
    "India": ("+91 9#### #####", "9#### #####", "+919#########", "022-########"),
    "Indonesia": ("+62 812-####-####", "0812-####-####", "+62812########"),
    "Ireland": ("+353 1 ### ####", "01 ### ####"),
    "Israel": ("+972 50-###-####", "050-#######"),
    "Italy": ("+39 06 #######", "06 #######", "+39347#######"),
    "Japan": ("+81 3-####-####", "03-####-####", "090-####-####", "0120-###-###"),
    "Malaysia": ("+60 12-### ####", "+6011########", "03-#### ####"),
    "Mexico": ("+52 55 #### ####", "55 #### ####"),
    "Netherlands": ("+31 20 ### ####", "020-### ####", "06-########"),
    "New Zealand": ("+64 21 ### ####", "09 ### ####"),
    "Nigeria": ("+234 803 ### ####", "0803 ### ####"),
    "Norway": ("+47 ## ## ## ##", "### ## ###"),
    "Philippines": ("+63 917 ### ####", "+63917#######", "(02) #### ####"),
    "Poland": ("+48 22 ### ## ##", "22 ### ## ##", "6## ### ###"),
    "Russia": ("+7 495 ###-##-##", "8 (495) ###-##-##"),
    "Singapore": ("+65 6### ####", "6### ####"),
    "South Africa": ("+27 11 ### ####", "011 ### ####"),
    "South Korea": ("+82 2-####-####", "02-####-####", "1588-####"),
    "Spain": ("+34 91# ### ###", "91# ### ###"),
    "Sweden": ("+46 8 ### ### ##", "08-### ### ##"),
    "Switzerland": ("+41 44 ### ## ##", "044 ### ## ##"),
    "Turkey": ("+90 212 ### ## ##", "0212 ### ## ##"),
    "United Kingdom": (
        "020 #### ####",
        "+44 20 #### ####",
        "07### ######",
        "+44 7### ######",
        "+447#########",
        "01632 ######",
    ),
    "Venezuela": ("+58 412-#######", "+58412#######"),
}


def telephone_texts(count: int, *, seed: int) -> Iterator[str]:
    """Texts with a telephone number each, half of them of North America, nine in ten behind a store's number."""
    rng = random.Random(seed)
    others = [form for forms in ELSEWHERE.values() for form in forms]
    for _ in range(count):
        form = rng.choice(NORTH_AMERICA if rng.random() < 0.5 else others)
        store = "" if rng.random() < 0.1 else _store(rng, rng.randint(2, 6)) + rng.choice(GAPS)
        yield store + _filled(rng, form)


def texts_of(form: str, count: int, *, seed: int) -> Iterator[str]:
    """Texts of one form, each behind a store's number of four digits."""
    rng = random.Random(f"{form} {seed}")
    return (f"#{rng.randrange(10_000):04} {_filled(rng, form)}" for _ in range(count))


def _store(rng: random.Random, digits: int) -> str:
    number = rng.randrange(10**digits)
    return rng.choice(SIGNS) + (f"{number:0{digits}}" if rng.random() < 0.5 else str(number))


def _filled(rng: random.Random, form: str) -> str:
    return re.sub("[#$]", lambda mark: str(rng.randrange(2 if mark[0] == "$" else 0, 10)), form)
