"""How many rejected rows a load bears before it ends with a code of its own: a number, or a part of all rows."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from ingest.upload.totals import LoadTotals


@dataclass(frozen=True, slots=True)
class Tolerance:
    """At most `rows` rejected rows, or at most the part `share` (0 to 1) of all rows that were read."""

    rows: int = 0
    share: Fraction = Fraction(0)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A number such as `10`, or a percentage such as `0.5%`.

        Raises:
            ValueError: it is neither.
        """
        if re.fullmatch(r"[0-9]{1,12}", text):
            return cls(rows=int(text))
        percent = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%", text)
        if percent and (share := Fraction(percent[1]) / 100) <= 1:
            return cls(share=share)
        raise ValueError("give a number of rows, such as 10, or a percentage of them, such as 0.5%")

    def bears(self, totals: LoadTotals) -> bool:
        """Whether the load has rejected no more rows than this."""
        return totals.rejected <= max(Fraction(self.rows), self.share * totals.read)
