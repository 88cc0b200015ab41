"""What a browser has downloaded."""

import csv
from collections.abc import Callable
from pathlib import Path


def arrived(folder: Path) -> Callable[[], bool]:
    """Whether a whole table came into a folder."""
    return lambda: any(path.suffix == ".csv" for path in folder.iterdir())


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The rows of the one table in a folder."""
    [path] = folder.glob("*.csv")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
