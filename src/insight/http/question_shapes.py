"""The shapes of the service's answers for its document, an example of each, and what a question may be asked with."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from insight.answers.filters import FROM, NAMED, TO
from txn_api.openapi import examples, operations
from txn_api.reads.negotiation import Form
from txn_api.schemas import Parameters, Shape
from txn_core.transactions.faults import CONTROL_FREE_PATTERN

MONTH_PATTERN: Final = "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
Name = Annotated[str, Field(min_length=1, max_length=64, pattern="^[a-z][a-z0-9_]*$")]
Words = Annotated[str, Field(max_length=1_000, pattern=CONTROL_FREE_PATTERN)]
MonthText = Annotated[str, Field(pattern=MONTH_PATTERN, min_length=7, max_length=7)]
Label = Annotated[str, Field(min_length=1, max_length=64, pattern=CONTROL_FREE_PATTERN)]
Text = Annotated[str, Field(max_length=1_000, description="As it was sent; a merchant's name, say.")]
Place = Annotated[int, Field(ge=0, le=1_000_000)]
Time = Annotated[
    str, Field(max_length=35, pattern="^[0-9-]{10}T[0-9:]{8}Z$", json_schema_extra={"format": "date-time"})
]
Unit = Literal["label", "month", "number", "count", "customers", "money", "percent", "index", "per 10,000", "km"]


class QuestionParameters(Parameters):
    """What an answer may be asked with: its form, and filters."""

    format: Literal["json", "csv"] | None = Field(None, description="The form; without it, `Accept` decides.")
    from_: MonthText | None = Field(None, alias=FROM, description="First month, included; of cohorts, their month.")
    to: MonthText | None = Field(None, description="Last month, included.")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(None, description="ISO 4217 code.")
    region: Label | None = Field(None, description="A census region, or `unknown`.")
    state: Label | None = Field(None, description="Two letters of a state, or `??`.")
    category: Label | None = None
    gender: Label | None = Field(None, description="`F`, `M` or `unknown`.")
    age_band: Label | None = Field(None, description="Such as `25-34`.")
    urbanicity: Label | None = Field(None, description="`rural`, `town`, `city`, `metropolis` or `unknown`.")

    def chosen(self) -> dict[str, str | date]:
        """The filters that are set, months as their first days."""
        months = {FROM: self.from_, TO: self.to}
        named = {name: value for name in NAMED if (value := getattr(self, name)) is not None}
        return {name: date.fromisoformat(f"{month}-01") for name, month in months.items() if month} | named


class QuestionSummary(Shape):
    """A question as the catalogue has it."""

    id: Annotated[str, Field(pattern=r"^q\d\d$", min_length=3, max_length=3)]
    title: Words
    asks: Annotated[Words, Field(description="What is asked, as a question.")]
    shape: Annotated[Words, Field(description="Which rows the answer has, and in which order.")]
    main: Annotated[Name, Field(description="The value that the question is about.")]
    unit: Annotated[Unit, Field(description="The unit of that value.")]
    filters: Annotated[list[Name], Field(max_length=9, description="The filters that it carries.")]
    keys: Annotated[list[Name], Field(max_length=16, description="The columns that name a cell.")]


class Catalogue(Shape):
    """The questions."""

    questions: Annotated[list[QuestionSummary], Field(max_length=99)]


class AnswerColumn(Shape):
    """A column of the rows."""

    name: Name
    unit: Unit
    is_key: Annotated[bool, Field(description="Whether it names the cell.")]
    meaning: Words
    type: Annotated[Literal["text", "date", "integer", "decimal"], Field(description="How values stand in rows.")]
    decimals: Annotated[int, Field(ge=0, le=38, description="Of type `decimal`.")] = 0


class PartialPeriod(Shape):
    """The first or last month, of which the data has some days only."""

    month: date
    first_day: date
    last_day: date
    days: Annotated[int, Field(ge=1, le=31)]
    days_in_month: Annotated[int, Field(ge=28, le=31)]


class DataOfAnswer(Shape):
    """Of which data the answer is."""

    version: Annotated[str, Field(pattern="^[0-9a-f]{16}$", min_length=16, max_length=16)]
    built_at: Annotated[Time | None, Field(description="When the build began that published it.")]
    first_transaction_at: Time | None
    last_transaction_at: Time | None
    last_accepted_at: Time | None
    partial_months: Annotated[list[PartialPeriod], Field(max_length=2)]


class SuppressedCells(Shape):
    """What is hidden: cells of few customers, and what would tell of them."""

    rule: Words
    cells: Place
    rows: Annotated[list[Place], Field(max_length=1_000_000, description="Rows whose values are all null.")]
    values: Annotated[
        list[Annotated[list[Place], Field(min_length=2, max_length=2)]],
        Field(max_length=1_000_000, description="Single values that are null: row and column."),
    ]


class QuestionAnswer(QuestionSummary):
    """A question with its answer."""

    sql: Annotated[str, Field(max_length=20_000, description="What was asked of the tables in star and marts.")]
    chosen: Annotated[dict[str, Label], Field(max_length=9, description="The filters that chose the rows.")]
    data: DataOfAnswer
    columns: Annotated[list[AnswerColumn], Field(max_length=32)]
    rows: Annotated[
        list[Annotated[list[Text | int | float | None], Field(max_length=32)]],
        Field(max_length=1_000_000, description="Values in the order of the columns; null is hidden or empty."),
    ]
    suppressed: SuppressedCells
    partial_rows: Annotated[
        list[Place], Field(max_length=1_000_000, description="Rows that tell of a partial month.")
    ]
    seen: Annotated[Words, Field(description="What is seen in the rows, computed from them.")]


_QUESTION: Final[dict[str, Any]] = {
    "id": "q01",
    "title": "Spend by region and month",
    "asks": "What do the customers of a region spend in a month, and what on a transaction?",
    "shape": "a row for each month, region and currency with transactions",
    "main": "net",
    "unit": "money",
    "filters": ["from", "to", "currency", "region"],
    "keys": ["month", "region", "currency"],
}
_COLUMNS: Final = (
    ("month", "month", True, "first day of the month, UTC", "date", None),
    ("region", "label", True, "region of the customer's state at that time", "text", None),
    ("currency", "label", True, "ISO 4217 code; amounts of different currencies are never added", "text", None),
    ("customers", "customers", False, "customers of the cell", "integer", None),
    ("transactions", "count", False, "transactions, refunds and reversals included", "integer", None),
    ("net", "money", False, "purchases less refunds and reversals", "decimal", 3),
    ("net_a_transaction", "money", False, "net, divided by the transactions", "decimal", 3),
)
_TABLE: Final = {
    "schema": {
        "type": "string",
        "format": "csv",
        "maxLength": 2**24,
        "description": "RFC 4180; the first line names the columns. Hidden values are empty.",
    },
    "examples": examples.references("AnswerTable"),
}


def answer_or_table() -> dict[str, Any]:
    """The response of an answer in either form."""
    made = operations.answer("QuestionAnswer", "The answer; as CSV its rows alone.", own_headers=("ETag", "Vary"))
    return made | {"content": {**made["content"], Form.CSV.value: _TABLE}}


EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "AnswerTable": {
        "one_shown_one_hidden": "month,region,currency,customers,transactions,net,net_a_transaction\r\n"
        "2026-03-01,South,USD,340,20418,1759345.490,86.166\r\n2026-03-01,West,USD,,,,\r\n"
    },
    "Catalogue": {"one_question": {"questions": [_QUESTION]}},
    "QuestionAnswer": {
        "two_shown_two_hidden": {
            **_QUESTION,
            "sql": "select ...",
            "chosen": {"currency": "USD"},
            "data": {
                "version": "a7a7a7a7a7a7a7a7",
                "built_at": "2026-04-20T12:00:00Z",
                "first_transaction_at": "2026-03-01T00:00:18Z",
                "last_transaction_at": "2026-04-12T23:59:02Z",
                "last_accepted_at": "2026-04-13T00:00:01Z",
                "partial_months": [
                    {
                        "month": "2026-04-01",
                        "first_day": "2026-04-01",
                        "last_day": "2026-04-12",
                        "days": 12,
                        "days_in_month": 30,
                    }
                ],
            },
            "columns": [
                {"name": name, "unit": unit, "is_key": key, "meaning": meaning, "type": kind}
                | ({} if decimals is None else {"decimals": decimals})
                for name, unit, key, meaning, kind, decimals in _COLUMNS
            ],
            "rows": [
                ["2026-03-01", "South", "USD", 340, 20418, 1759345.49, 86.166],
                ["2026-03-01", "West", "USD", None, None, None, None],
                ["2026-04-01", "South", "USD", 338, 8021, 690114.2, 86.038],
                ["2026-04-01", "West", "USD", None, None, None, None],
            ],
            "suppressed": {
                "rule": "Cells of fewer than 5 customers are hidden, and others beside them from which they could be "
                "computed.",
                "cells": 2,
                "rows": [1, 3],
                "values": [],
            },
            "partial_rows": [2, 3],
            "seen": "In USD, South spends most: 2,449,459.69 USD, 100 % of what is shown. Its highest month is "
            "March 2026 with 1,759,345.49 USD.",
        }
    },
}
