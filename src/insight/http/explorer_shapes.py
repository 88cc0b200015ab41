"""The shape of the explorer's answer for the document, an example, and what may be chosen."""

from typing import Annotated, Any, Final

from pydantic import Field

from insight.explorer.dimensions import DIMENSIONS
from insight.explorer.segments import MEANINGS
from insight.http.question_shapes import EXAMPLES as OF_QUESTIONS
from insight.http.question_shapes import DataOfAnswer, Label, MonthText, Name, Place, Text, Words
from txn_api.schemas import Parameters, Shape


class ExplorerParameters(Parameters):
    """One value of each dimension that is chosen."""

    region: Label | None = Field(None, description="A census region, or `unknown`.")
    state: Label | None = Field(None, description="Two letters of a state, or `??`.")
    month: MonthText | None = Field(None, description="A month, UTC.")
    category: Label | None = None
    gender: Label | None = Field(None, description="`F`, `M` or `unknown`.")
    age_band: Label | None = Field(None, description="Such as `25-34`.")
    segment: Label | None = Field(None, description="A name of `segments`, such as `loyal`.")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(None, description="ISO 4217 code.")

    def chosen(self) -> dict[str, str]:
        """The values that are chosen, months as their first days."""
        values = {name: value for name in DIMENSIONS if (value := getattr(self, name)) is not None}
        return {name: f"{value}-01" if name == "month" else value for name, value in values.items()}


class ViewShape(Shape):
    """A view: a cell for each label of its dimension."""

    cells: Annotated[
        list[Annotated[list[Text | int | float | None], Field(min_length=4, max_length=4)]],
        Field(max_length=10_000, description="Label, customers, transactions, net; nulls where the cell is hidden."),
    ]
    hidden: Annotated[list[Place], Field(max_length=10_000, description="The places of hidden cells.")]


class ExplorerViews(Shape):
    """All views of a choice."""

    chosen: Annotated[dict[str, Label], Field(max_length=8)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None
    data: DataOfAnswer
    dimensions: Annotated[list[Name], Field(max_length=8)]
    measures: Annotated[list[Name], Field(max_length=3)]
    rule: Words
    segments: Annotated[dict[str, Words], Field(max_length=16, description="What each name of a segment means.")]
    too_few: Annotated[Words | None, Field(description="Said when fewer than 5 customers are chosen, or nobody.")]
    total: Annotated[
        Annotated[list[int | float], Field(min_length=3, max_length=3)] | None,
        Field(description="Customers, transactions and net of all that is chosen."),
    ]
    views: Annotated[dict[str, ViewShape], Field(max_length=8)]


_CELLS: Final[dict[str, list[list[Any]]]] = {
    "region": [["South", 338, 8021, 690114.2], ["West", None, None, None], ["unknown", None, None, None]],
    "month": [["2026-03", 340, 20418, 1759345.49], ["2026-04", 338, 8021, 690114.2]],
}
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "ExplorerViews": {
        "one_month": {
            "chosen": {"month": "2026-04"},
            "currency": "USD",
            "data": OF_QUESTIONS["QuestionAnswer"]["two_shown_two_hidden"]["data"],
            "dimensions": list(DIMENSIONS),
            "measures": ["customers", "transactions", "net"],
            "rule": OF_QUESTIONS["QuestionAnswer"]["two_shown_two_hidden"]["suppressed"]["rule"],
            "segments": MEANINGS,
            "too_few": None,
            "total": [345, 8102, 693020.75],
            "views": {
                name: {"cells": cells, "hidden": [n for n, cell in enumerate(cells) if cell[1] is None]}
                for name, cells in _CELLS.items()
            },
        }
    }
}
