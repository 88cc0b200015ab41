"""Prints what the search for card numbers refuses of lists that hold none, and misses of those that do.

`python -m tests.txn_core.card_lists`, for `docs/security.md`.
"""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tests.txn_core.card_lists import ibans, lettered_ids, numeric_ids, telephone_texts
from tests.txn_core.card_lists.published_cards import NUMBERS
from txn_core.card_numbers.free_text import holds_card_number

COUNT = 100_000


def share_of_refused(texts: Iterable[str]) -> float:
    """How many in one are taken for a card number."""
    found = [holds_card_number(text) for text in texts]
    return sum(found) / len(found)


def _digits(number: str) -> str:
    return re.sub("[^0-9]", "", number)


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as printed": str,
    "in one piece": _digits,
    "in fours": lambda number: re.sub("(....)(?=.)", r"\1 ", _digits(number)),
}


def rows() -> Iterator[tuple[str, str]]:
    """Each list and its figure."""
    for kind in numeric_ids.KINDS:
        yield kind, f"{share_of_refused(numeric_ids.ids(kind, COUNT, seed=1)):.2%} refused"
    for kind in lettered_ids.ENCODED:
        yield kind, f"{share_of_refused(lettered_ids.ids(kind, COUNT, seed=1)):.2%} refused"
    yield lettered_ids.LABELLED, f"{share_of_refused(lettered_ids.labelled_ids(COUNT, seed=1)):.2%} refused"
    store = share_of_refused(telephone_texts.telephone_texts(COUNT, seed=1))
    yield "store number and telephone", f"{store:.2%} refused"
    yield "grouped IBANs", f"{share_of_refused(ibans.grouped_ibans(COUNT, seed=1)):.2%} refused"
    for name, spelling in SPELLINGS.items():
        missed = [number for number in NUMBERS if not holds_card_number(spelling(number))]
        yield f"{len(NUMBERS)} published test cards {name}", f"{len(missed)} missed"


def main() -> None:
    """Print them."""
    sys.stdout.writelines(f"{name:44} {figure}\n" for name, figure in rows())


if __name__ == "__main__":
    main()
