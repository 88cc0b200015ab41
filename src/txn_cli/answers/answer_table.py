"""An answer as a table for people: aligned, bounded in rows and in the width of its cells."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from typing import Final

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from txn_core.printable import printable
from txn_core.transactions.currency import EXPONENTS
from warehouse.questions.catalogue import Question, Unit
from warehouse.sql.query_result import QueryResult, Row

ROWS_MAX: Final = 1_000
"""Rows that are printed at most."""

CELL_CHARACTERS_MAX: Final = 200


def show_answer(answer: QueryResult, console: Console, question: Question | None = None) -> bool:
    """Print the first rows; gives whether there were more. Amounts of a question have their currency's decimals."""
    rows = list(islice(answer.rows, ROWS_MAX + 1))
    texts = [_texts(row, answer.columns, question) for row in rows[:ROWS_MAX]]
    table = Table(*map(_column, answer.columns, _are_numbers(rows, answer.columns)), box=None, pad_edge=False)
    for row in texts:
        table.add_row(*map(Text, row))
    console.print(table)
    return len(rows) > ROWS_MAX


def _column(name: str, is_number: bool) -> Column:  # noqa: FBT001 - mapped over two lists
    return Column(Text(printable(name)), justify="right" if is_number else "left", overflow="fold")


def _are_numbers(rows: Sequence[Row], columns: Sequence[str]) -> list[bool]:
    """By column, whether its first value is a number."""
    first = (next((row[place] for row in rows if row[place] is not None), None) for place in range(len(columns)))
    return [isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in first]


def _texts(row: Row, columns: Sequence[str], question: Question | None) -> list[str]:
    if question is None:
        return [_text(value) for value in row]
    currency = str(row[columns.index("currency")]) if "currency" in columns else ""
    return [
        amount_text(value, currency) if column.unit is Unit.MONEY else _text(value, grouped=not column.is_key)
        for value, column in zip(row, question.columns, strict=True)
    ]


def amount_text(value: object, currency: str) -> str:
    """An amount with the decimals of its currency; of three where the currency is not known."""
    return f"{value:,.{EXPONENTS.get(currency, 3)}f}" if isinstance(value, Decimal) else _text(value)


def _text(value: object, *, grouped: bool = False) -> str:
    match value:
        case None:
            return ""
        case int() | Decimal() if grouped and not isinstance(value, bool):
            return f"{value:,}"
        case Decimal():
            return format(value, "f")
        case bool():
            return str(value).lower()
        case _:
            text = printable(str(value))
            return text if len(text) <= CELL_CHARACTERS_MAX else f"{text[:CELL_CHARACTERS_MAX]} ..."
