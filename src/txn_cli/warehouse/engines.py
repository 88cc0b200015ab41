"""The engines that a run of the warehouse may fill."""

from enum import StrEnum
from typing import Final

import typer


class Engine(StrEnum):
    """What holds the tables."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    REDSHIFT = "redshift"
    SPARK = "spark"


CHOICES: Final = "|".join(Engine)
_NO_ATHENA: Final = (
    'Athena is no target: it reads the curated lake in place, by the tables of docs/lake.md ("The curated table in '
    'Athena"). To build the models, take one of ' + ", ".join(Engine)
)


def engine_of(name: str) -> Engine:
    """The engine of a name.

    Raises:
        typer.BadParameter: there is none of that name.
    """
    if name == "athena":
        raise typer.BadParameter(_NO_ATHENA)
    try:
        return Engine(name)
    except ValueError:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(Engine)}") from None
