"""Filters of lists of transactions: what a row has to be besides in the range that is read.

Filters hold events against what was asked after they were read: DynamoDB could filter by attributes alone, which the
items would have to repeat from their events.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field
from pydantic_core import from_json

from txn_api.schemas import Parameters
from txn_core.card_numbers.free_text_fields import A_CODE, AN_ID
from txn_core.dynamodb.filtered_pages import ROWS_EXAMINED_MAX, ReadPage, filtered
from txn_core.dynamodb.ranges import RangeQuery, Row, SortKey
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, CURRENCY_PATTERN, TERMINAL_ID_PATTERN, Fault
from txn_core.transactions.transaction import AMOUNT_MINOR_MAX, EntryMode, TransactionType

ROWS_A_TURN: Final = 128
"""Rows that are held against a filter in one turn of the event loop: each is parsed."""
IN_WORDS: Final = (
    "A page may have fewer rows than `limit`, even none, and yet `has_more`: with a filter a request examines "
    f"{ROWS_EXAMINED_MAX:,} rows of the range at most, and rows that are no longer kept are passed over in a bounded "
    "number of reads. The next request goes on with the cursor."
)
# Where each filter looks in an event.
_EQUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("type",),
    "category": ("merchant", "category"),
    "currency": ("currency",),
    "terminal_id": ("terminal", "terminal_id"),
    "entry_mode": ("terminal", "entry_mode"),
}
_Amount = Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]


class Filter(NamedTuple):
    """What rows are held against: all conditions at once."""

    equal: tuple[tuple[tuple[str, ...], str], ...]
    """Where in an event a value stands, and which it has to be."""
    amount_min: int
    amount_max: int | None

    def admits(self, event: Mapping[str, Any]) -> bool:
        """Whether an event is as asked for."""
        amount = event["amount_minor"]
        if amount < self.amount_min or (self.amount_max is not None and amount > self.amount_max):
            return False
        return all(_value(event, path) == wanted for path, wanted in self.equal)

    def admitted(self, rows: Sequence[Row]) -> list[bool]:
        """Of each row whether its event is as asked for."""
        return [self.admits(from_json(row.event)) for row in rows]


class FilterParameters(Parameters):
    """The filters of a list of transactions; none given lets every row through."""

    type: TransactionType | None = Field(None, description="Rows of this type alone.")
    category: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        pattern=CONTROL_FREE_PATTERN,
        description="Rows whose merchant has this category, letter by letter.",
    )
    currency: Annotated[str | None, A_CODE] = Field(
        None, pattern=CURRENCY_PATTERN, description="ISO 4217, in capital letters; also one that has been withdrawn."
    )
    amount_min: _Amount | None = Field(
        None,
        description="Least `amount_minor`, inclusive. Amounts of all currencies are compared as they are: "
        "name the `currency`, too.",
    )
    amount_max: _Amount | None = Field(None, description="Greatest `amount_minor`, inclusive.")
    terminal_id: Annotated[str | None, AN_ID] = Field(
        None, pattern=TERMINAL_ID_PATTERN, description="Rows of this terminal alone."
    )
    entry_mode: EntryMode | None = Field(None, description="Rows whose card was read this way.")

    def reversed_amounts(self) -> list[Fault]:
        """The fault of a least amount above the greatest."""
        if self.amount_min is None or self.amount_max is None or self.amount_min <= self.amount_max:
            return []
        return [Fault("/amount_min", "amounts_reversed")]

    def filter(self) -> Filter | None:
        """What rows are held against; None where no filter is given."""
        equal = tuple((path, value) for name, path in _EQUAL.items() if (value := getattr(self, name)) is not None)
        if not equal and self.amount_min is None and self.amount_max is None:
            return None
        return Filter(equal, self.amount_min or 0, self.amount_max)

    def filters_bound(self) -> str:
        """What the cursor of a list is bound to: each filter that is given; nothing where there is none.

        One text: a cursor is bound to a fixed number of parts, so that none can be taken for a part of the place
        behind them. No value has the control character between them.
        """
        given = FilterParameters.model_fields
        return "".join(f"\n{name}={value}" for name in given if (value := getattr(self, name)) is not None)


async def rows_of(
    query: RangeQuery, read: ReadPage, wanted: Filter | None, turn: Callable[[], Awaitable[object]]
) -> tuple[tuple[Row, ...], SortKey | None]:
    """The wanted rows of one page, and behind which sort key the range goes on, if it does.

    Some rows at a time wait for a `turn` (`txn_api.writes.turns`) before they are held against the filter.
    """
    if wanted is None:
        page = await read(query)
        return page.rows, page.goes_on_behind

    async def admitted(rows: Sequence[Row]) -> list[bool]:
        found: list[bool] = []
        for begin in range(0, len(rows), ROWS_A_TURN):
            await turn()
            found += wanted.admitted(rows[begin : begin + ROWS_A_TURN])
        return found

    return await filtered(query, read, admitted)


def _value(event: Mapping[str, Any], path: Sequence[str]) -> object:
    value: Any = event
    for name in path:
        value = None if value is None else value.get(name)
    return value
