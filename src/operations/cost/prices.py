"""The prices of `prices.toml`, each with its unit, its source and the month in which it was looked up.

To change a price, change the file. `docs/cost.md` lists all of them.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

REGION: Final = "us-east-1"
MILLION: Final = 1_000_000


class Price(BaseModel):
    """What `per` units cost, US dollars. `found` is false for an assumption that no source confirms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    usd: Annotated[float, Field(gt=0)]
    per: Annotated[int, Field(ge=1)] = 1
    unit: str
    source: Annotated[str, Field(pattern="^https://")]
    on: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$")]
    found: bool = True

    def of(self, units: float) -> float:
        """What so many units cost, US dollars."""
        return units * self.usd / self.per


@cache
def prices() -> Mapping[str, Price]:
    """All prices by name."""
    table: dict[str, Any] = tomllib.loads(files(__package__).joinpath("prices.toml").read_text("utf-8"))
    return TypeAdapter(dict[str, Price]).validate_python(table)


def price(name: str) -> Price:
    """A price by its name in the file."""
    return prices()[name]
