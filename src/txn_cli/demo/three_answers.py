"""Three of the twelve answers with bars: what regions spend, what they prefer, how a day grows."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from txn_cli.answers.answer_table import amount_text
from txn_cli.answers.bars import Bar, bar_lines
from warehouse.questions.catalogue import question_of
from warehouse.sql.asking import Reader, ask

PREFERENCES_SHOWN: Final = 6
Cell = Mapping[str, Any]


def show_answers(console: Console, reader: Reader) -> None:
    """Show three answers. Small cells are left out, as in every answer that leaves.

    Raises:
        QueryError: the warehouse cannot be read.
    """
    plain = not (console.encoding or "").lower().startswith("utf")
    for name, title, bars_of in _SHOWN:
        lines = bar_lines(bars_of(_cells(reader, name)), width=console.width, plain=plain)
        shown = lines or ["no answer yet: too few customers"]
        for line in ("", f"{title} (txn sql {name})", *shown):
            console.print(Text(line), soft_wrap=True)


def _cells(reader: Reader, name: str) -> list[Cell]:
    """The cells of an answer that are not empty."""
    question = question_of(name)
    answer, _ = ask(reader, question)
    cells = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return [cell for cell in cells if cell["customers"]]


def _spend(cells: Sequence[Cell]) -> list[Bar]:
    """Regions of the currency with most transactions, over all months."""
    currency = _main_currency(cells)
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        if cell["currency"] == currency:
            net[cell["region"]] += cell["net"]
    ranked = sorted(net.items(), key=lambda item: (-item[1], item[0]))
    return [Bar(region, float(amount), f"{amount_text(amount, currency)} {currency}") for region, amount in ranked]


def _preferences(cells: Sequence[Cell]) -> list[Bar]:
    """What regions spend more of their money on than all do, the strongest first."""
    ranked = sorted(
        (cell for cell in cells if cell["preference"] is not None and cell["preference"] > 100),
        key=lambda cell: (-cell["preference"], cell["region"], cell["category"], cell["currency"]),
    )
    return [
        Bar(f"{cell['region']}: {cell['category']}", float(cell["preference"]), f"{cell['preference']}")
        for cell in ranked[:PREFERENCES_SHOWN]
    ]


def _growth(cells: Sequence[Cell]) -> list[Bar]:
    """Transactions a day by month, with their growth, in the currency that has most."""
    months = [cell for cell in cells if cell["currency"] == _main_currency(cells, "transactions_a_day")]
    return [
        Bar(f"{cell['month']:%Y-%m}", float(cell["transactions_a_day"]), _growth_text(cell)) for cell in months[-12:]
    ]


def _growth_text(cell: Cell) -> str:
    growth = cell["transactions_growth"]
    return f"{cell['transactions_a_day']:,} a day {'' if growth is None else f'{growth:+} %':>9}"


def _main_currency(cells: Sequence[Cell], measure: str = "transactions") -> str:
    """The currency with most of a measure; the first of the alphabet where several have."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cell in cells:
        sums[cell["currency"]] += cell[measure]
    return min(sums, key=lambda currency: (-sums[currency], currency), default="")


_SHOWN: Final[tuple[tuple[str, str, Callable[[Sequence[Cell]], list[Bar]]], ...]] = (
    ("q01", "What regions spend", _spend),
    ("q02", "What regions prefer; 100 is the same as everywhere", _preferences),
    ("q09", "Transactions a day, and growth over the month before", _growth),
)
