"""The examples of the document: those that the resources hand in, and one of each problem."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from txn_api.problems import Problem
from txn_core.transactions.faults import Fault

REF: Final = "#/components/examples/"
REQUEST_ID: Final = "req_0123456789abcdef"

Examples = Mapping[str, Mapping[str, Any]]
"""By the schema (or what else they are examples of), and by a name of what each shows."""

# What a problem of this code lists, where it lists anything.
_FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "validation_failed": (
        Fault("/card_number", "card_number_luhn"),
        Fault("/amount_minor", "integer_required"),
    ),
    "parameter_invalid": (Fault("/limit", "number_out_of_range"),),
    "card_number_misplaced": (Fault("/customer/job", "card_number_misplaced"),),
}


def problem(kind: type[Problem]) -> dict[str, Any]:
    """A problem as a client may get it."""
    made: Problem = kind()
    made.faults = made.faults or _FAULTS.get(kind.code, ())
    return made.document(REQUEST_ID)


def references(schema: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """References to some of the examples of a schema, or one that `expanded` makes those to all of them."""
    return {name: {"$ref": f"{REF}{schema}.{name}"} for name in only} or {schema: {"$ref": REF + schema}}


def expanded(shown: Mapping[str, Any], examples: Examples) -> dict[str, Any]:
    """The references of an operation's content, those to all examples of a schema as one for each."""
    made: dict[str, Any] = {}
    for name, reference in shown.items():
        made |= references(name, (*examples[name],)) if name in examples else {name: reference}
    return made


def components(paths: Mapping[str, Any], examples: Examples) -> dict[str, Any]:
    """The examples that some operation shows (what is wrong with a path is none's), as the document's components.

    Raises:
        ValueError: an operation shows examples that no resource hands in.
    """
    shown = {target.removeprefix(REF) for target in _references(paths) if target.startswith(REF)}
    made = {name: {"summary": summary, "value": value} for name, summary, value in _all(examples) if name in shown}
    if missing := shown - made.keys():
        raise ValueError(f"no resource has examples of {sorted(missing)}")
    return made


def _references(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for word, inner in value.items():
            yield from [str(inner)] if word == "$ref" else _references(inner)


def _all(examples: Examples) -> Iterator[tuple[str, str, Any]]:
    """The name of each as a component (its schema, and what it shows of it), its summary and its value."""
    for schema, named in examples.items():
        for name, value in named.items():
            yield f"{schema}.{name}", name.replace("_", " ").capitalize(), value
    known = Problem.__subclasses__()  # those of a service beside the API, too
    for kind in sorted(known, key=lambda kind: (kind.status, kind.code)):
        yield kind.code, kind.title, problem(kind)
