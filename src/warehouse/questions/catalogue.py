"""The twelve questions as values: each file's header says what it answers, and names its columns with their units.

A header is made of comment lines, in this order: `title`, `answers`, `from`, `shape`, then a line for each column of
the answer: `key NAME | UNIT | MEANING` for what names a cell, `value NAME | UNIT | MEANING` for what is said of it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from txn_core.exceptions import TxnError

_NAME: Final = re.compile(r"q\d\d")
_FACT: Final = re.compile(r"-- (?P<name>title|answers|from|shape): (?P<text>\S.*)")
_COLUMN: Final = re.compile(
    r"-- (?P<kind>key|value) (?P<name>[a-z][a-z0-9_]*) \| (?P<unit>[^|]+) \| (?P<meaning>\S.*)"
)


class QuestionError(TxnError):
    """A question is not known, or its file is not of the form that the catalogue reads."""


class Unit(StrEnum):
    """What the numbers or texts of a column are."""

    LABEL = "label"
    MONTH = "month"
    NUMBER = "number"
    COUNT = "count"
    CUSTOMERS = "customers"  # distinct customers of whom a cell tells: few ones empty the cell
    MONEY = "money"  # in the unit of the row's currency, with three decimals
    PERCENT = "percent"
    INDEX = "index"  # 100 is the same as everywhere
    PER_10000 = "per 10,000"
    KM = "km"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer; `is_key` when it names the cell, which stays when the cell is suppressed."""

    name: str
    unit: Unit
    meaning: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question, its SQL, and its answer's columns in their order."""

    name: str
    title: str
    answers: str
    sources: tuple[str, ...]
    shape: str
    columns: tuple[Column, ...]
    sql: str

    @property
    def customers(self) -> tuple[Column, ...]:
        """The columns that count customers: those of the cell, and others of whom it tells."""
        return tuple(column for column in self.columns if column.unit is Unit.CUSTOMERS)


@cache
def questions() -> tuple[Question, ...]:
    """All questions, in the order of their names."""
    found = (file for file in files(__package__).iterdir() if file.name.endswith(".sql"))
    return tuple(
        parse_question(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for file in sorted(found, key=lambda file: file.name)
    )


def question_of(name: str) -> Question:
    """The question of a name such as `q02`.

    Raises:
        QuestionError: there is none of that name.
    """
    for question in questions():
        if question.name == name:
            return question
    raise QuestionError(f"there is no question {name}: `txn sql` lists them")


def is_name(text: str) -> bool:
    """Whether a text has the form of a question's name, which no SQL has."""
    return _NAME.fullmatch(text) is not None


def parse_question(name: str, text: str) -> Question:
    """The question that a file holds.

    Raises:
        QuestionError: the header is not of its form.
    """
    header = [line for line in text.splitlines() if line.startswith("-- ")]
    facts = {found["name"]: found["text"] for line in header if (found := _FACT.fullmatch(line))}
    columns = tuple(_column(name, found) for line in header if (found := _COLUMN.fullmatch(line)))
    if len(facts) + len(columns) != len(header) or len(facts) != 4:
        raise QuestionError(f"{name}: the header is title, answers, from, shape, and a line a column, once each")
    units = [column.unit for column in columns]
    if Unit.CUSTOMERS not in units:
        raise QuestionError(f"{name}: a column counts the customers of a cell")
    if Unit.MONEY in units and not any(column.is_key and column.name == "currency" for column in columns):
        raise QuestionError(f"{name}: an answer with money has the key currency")
    sources = tuple(facts["from"].split(", "))
    return Question(name, facts["title"], facts["answers"], sources, facts["shape"], columns, text)


def _column(name: str, found: re.Match[str]) -> Column:
    try:
        unit = Unit(found["unit"])
    except ValueError:
        raise QuestionError(f"{name}: {found['unit']} is no unit of the catalogue") from None
    return Column(found["name"], unit, found["meaning"], found["kind"] == "key")
