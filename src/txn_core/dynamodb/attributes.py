"""Values as DynamoDB's attributes, and the update that sets such."""

from collections.abc import Collection, Iterable


def string(value: str) -> dict[str, str]:
    """A string."""
    return {"S": value}


def number(value: int) -> dict[str, str]:
    """A whole number, which DynamoDB takes and gives as text."""
    return {"N": str(value)}


def strings(values: Iterable[str]) -> dict[str, list[str]]:
    """A set of strings; DynamoDB has no empty ones."""
    return {"SS": list(values)}


def replacement(attributes: Collection[str], optional: Collection[str]) -> str:
    """The update that sets attributes `#name` to `:name`, and removes those optional ones that are not among them."""
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
    if removed := [name for name in optional if name not in attributes]:
        update += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    return update
