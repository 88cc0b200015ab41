"""A feature: a name, what people need to read it, and the function that computes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

Value = int | float | None
"""Integers, or the result of one operation of IEEE 754 on integers. None is what trees call missing."""

Unit = Literal["cents", "seconds", "years", "count", "ratio", "share", "category", "entry mode", "gender", "hour",
               "weekday", "people", "squared steps", "squared steps per squared second", "millilogit"]  # fmt: skip


Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Feature(Generic[Subject]):
    """A number that its subject, which is a transaction and its priors, comes to.

    Attributes:
        group: what it is about; the page lists features by it.
        unit: of the value. Cents are hundredths of a US dollar, steps are ten-thousandths of a degree.
        window: which priors count: 1h, 24h, 7d, 30d, date (the same UTC date), card (all ever), or none.
        text: the value in words, for the reason of an alert, with `{}` where the value stands.
        of: the value; None where the transaction or its priors do not say it.
    """

    name: str
    group: str
    unit: Unit
    window: str
    text: str
    of: Callable[[Subject], Value] = field(repr=False, compare=False)
