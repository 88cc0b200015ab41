"""Values as DynamoDB's attributes."""

from collections.abc import Iterable


def string(value: str) -> dict[str, str]:
    """A string."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A whole number, which DynamoDB takes and gives as text."""
    return {"N": str(value)}


def strings(values: Iterable[str]) -> dict[str, list[str]]:
    """A set of strings; DynamoDB has no empty ones."""
    return {"SS": list(values)}
