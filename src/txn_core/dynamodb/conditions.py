"""The expressions of conditional updates."""

from collections.abc import Collection


def replacement(attributes: Collection[str], optional: Collection[str]) -> str:
    """The update that sets attributes `#name` to `:name`, and removes those optional ones that are not among them."""
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
    if removed := [name for name in optional if name not in attributes]:
        update += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    return update
