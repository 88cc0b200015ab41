"""Filters choose rows of a whole answer by the keys that name its cells; they never change a value.

So each question carries the filters that its keys carry, and no other: to ask the SQL for a part of the facts would
change what "everywhere" and "the others" are, and two such answers, subtracted, tell of one customer. Cells are
hidden before rows are chosen, so that filters show nothing that the whole answer does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from warehouse.questions.catalogue import Question, Unit

FROM: Final = "from"
TO: Final = "to"
NAMED: Final = ("currency", "region", "state", "category", "gender", "age_band", "urbanicity")
"""Filters that name one value of a key of the same name."""

Row = tuple[object, ...]


def filters_of(question: Question) -> tuple[str, ...]:
    """The names of the filters that a question carries: `from` and `to` where a key is a month."""
    keys = [column for column in question.columns if column.is_key]
    span = (FROM, TO) if any(column.unit is Unit.MONTH for column in keys) else ()
    names = {column.name for column in keys}
    return (*span, *(name for name in NAMED if name in names))


@dataclass(frozen=True, slots=True)
class Filters:
    """What is chosen: values by the names of filters; months as their first days, both included."""

    chosen: Mapping[str, str | date]

    def foreign_to(self, question: Question) -> list[str]:
        """The filters that the question does not carry."""
        carried = filters_of(question)
        return [name for name in self.chosen if name not in carried]

    def indexes(self, question: Question, rows: Sequence[Row]) -> list[int]:
        """The places of the rows that are chosen, in their order."""
        if not self.chosen:
            return list(range(len(rows)))
        names = [column.name for column in question.columns]
        wanted = {names.index(name): value for name, value in self.chosen.items() if name in NAMED}
        months = [place for place, column in enumerate(question.columns) if column.unit is Unit.MONTH]
        return [
            number
            for number, row in enumerate(rows)
            if all(row[place] == value for place, value in wanted.items())
            and all(self._is_within(row[place]) for place in months)
        ]

    def _is_within(self, month: object) -> bool:
        first, last = self.chosen.get(FROM, date.min), self.chosen.get(TO, date.max)
        return all(isinstance(each, date) for each in (first, month, last)) and first <= month <= last  # type: ignore[operator]
