"""An answer, and the catalogue of questions, as JSON and CSV. Decimals keep all their digits."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa

from insight.answers.answered_question import AnsweredQuestion
from insight.answers.data_state import DataState
from insight.answers.filters import Filters, filters_of
from insight.sentences.seen import seen_in
from warehouse.questions.catalogue import Column, Question, questions
from warehouse.questions.small_cells import CUSTOMERS_MIN
from warehouse.sql.exports import csv_records, json_text
from warehouse.sql.query_result import QueryResult

_MAIN: Final = (
    "net_growth", "frauds_in_10000", "preference", "retained", "kilometers", "share_of_net", "net_a_customer", "net",
    "share",
)  # fmt: skip
"""Values that questions are about, the most telling ones first."""
RULE: Final = (
    f"Cells of fewer than {CUSTOMERS_MIN} customers are hidden, and others beside them from which they could be "
    "computed."
)


def catalogue_json() -> bytes:
    """All questions, with what is asked, in which unit, and which filters each carries."""
    return json_text({"questions": [_question(each) for each in questions()]}).encode()


def answer_json(answer: AnsweredQuestion, filters: Filters) -> bytes:
    """An answer with all that is to be known of it."""
    return json_text(
        {
            **_question(answer.question),
            "sql": answer.question.sql,
            "chosen": {name: _month(value) for name, value in filters.chosen.items()},
            "data": data_document(answer.data),
            "columns": [
                {**_column(column), **_type(answer.schema.field(place).type)}
                for place, column in enumerate(answer.question.columns)
            ],
            "rows": [list(row) for row in answer.rows],
            "suppressed": {
                "rule": RULE,
                "cells": len(answer.hidden.rows),
                "rows": sorted(answer.hidden.rows),
                "values": [list(place) for place in sorted(answer.hidden.values)],
            },
            "partial_rows": sorted(answer.partial),
            "seen": seen_in(answer),
        }
    ).encode()


def answer_csv(answer: AnsweredQuestion) -> bytes:
    """The rows, with a header; hidden values are empty."""
    records = csv_records(QueryResult(answer.schema, iter(answer.rows)))
    return "".join(f"{record}\r\n" for record in records).encode()


def data_document(data: DataState) -> dict[str, object]:
    """Of which data an answer is."""
    return {
        "version": data.version,
        "built_at": _time(data.built_at),
        "first_transaction_at": _time(data.first_at),
        "last_transaction_at": _time(data.last_at),
        "last_accepted_at": _time(data.accepted_until),
        "partial_months": [
            {
                "month": each.month,
                "first_day": each.first_day,
                "last_day": each.last_day,
                "days": each.days,
                "days_in_month": each.days_in_month,
            }
            for each in data.partial_months
        ],
    }


def _question(question: Question) -> dict[str, object]:
    main = next(iter(_main_columns(question)))
    return {
        "id": question.name,
        "title": question.title,
        "asks": question.answers,
        "shape": question.shape,
        "main": main.name,
        "unit": main.unit.value,
        "filters": list(filters_of(question)),
        "keys": [column.name for column in question.columns if column.is_key],
    }


def _main_columns(question: Question) -> Iterator[Column]:
    """The value that the question is about, before its other values."""
    by_name = {column.name: column for column in question.columns if not column.is_key}
    yield from (by_name[name] for name in _MAIN if name in by_name)
    yield from by_name.values()


def _column(column: Column) -> dict[str, object]:
    return {"name": column.name, "unit": column.unit.value, "is_key": column.is_key, "meaning": column.meaning}


def _type(kind: Any) -> Mapping[str, object]:
    """How values stand in the rows; `decimals` of numbers that have some."""
    if pa.types.is_decimal(kind):
        return {"type": "decimal", "decimals": kind.scale}
    if pa.types.is_integer(kind):
        return {"type": "integer"}
    return {"type": "date" if pa.types.is_date(kind) else "text"}


def _month(value: str | date) -> str:
    return f"{value:%Y-%m}" if isinstance(value, date) else value


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}Z"
