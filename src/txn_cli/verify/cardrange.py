"""Where in the index the rows of one card stand together, and how much may be read to find them.

Others may have stored any number of that card's transactions in between. So reading is bounded by what is wanted:
behind the bound, one request a row is the cheaper way.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from txn_cli.verify.expected import CardRows
from txn_core.transactions.identity import CardId
from txn_core.transactions.instants import Instant, datetime_of, instant_of

PAGE_ROWS_MIN: Final = 50
PAGE_ROWS_MAX: Final = 1_000
PAGES_SPARE: Final = 2


@dataclass(frozen=True, slots=True)
class CardRange:
    """One card's transactions from `start` to before `end`, in at most `pages_max` pages of `page_rows`."""

    card_id: CardId
    start: Instant
    end: Instant
    page_rows: int
    pages_max: int

    @classmethod
    def around(cls, rows: CardRows, card_id: CardId) -> Self:
        """The narrowest range that holds all rows of a card; at most twice as many are read, and some."""
        # By the resolution of an instant: the end of a range is exclusive.
        end = instant_of(datetime_of(rows.last) + timedelta(microseconds=1))
        rows_max = 2 * len(rows.numbers)
        page_rows = min(max(rows_max, PAGE_ROWS_MIN), PAGE_ROWS_MAX)
        return cls(card_id, rows.first, end, page_rows, rows_max // page_rows + PAGES_SPARE)
