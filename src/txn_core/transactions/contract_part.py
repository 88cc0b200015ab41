"""The part of a JSON document that the contract has names for.

pydantic makes an error of each name that the contract does not have, and copies its value: 60 KB of empty lists in a
field that nobody knows took 35 ms, a thousand times what an ordinary body takes. So what is beyond the contract is
taken away before, and one fault says so for each object.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from txn_core.exceptions import MalformedJsonError
from txn_core.transactions.duplicates import ANY_NAMES, CONTAINERS_MAX, Names, names_at_most
from txn_core.transactions.faults import Fault, faults_of_unknown
from txn_core.transactions.payment_fields import METADATA_PAIRS_MAX

USUAL_BYTES_MAX: Final = 4_096
NAMES_LOOKED_INTO_MAX: Final = 16
USUAL_COLONS_MAX: Final = 70
"""Each name of the contract has one, as has each pair of metadata. A time has two, and a text has hardly one."""
_OBJECTS_COUNTED_MAX: Final = CONTAINERS_MAX
# As numbers: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_COLON, _LIST = b":["


def is_of_usual_size(body: bytes) -> bool:
    """Whether a body is short, has few names and no list: pydantic can read it as it is.

    A longer one holds white space, or values that no rule lets pass.
    """
    return (
        len(body) <= USUAL_BYTES_MAX
        and _LIST not in body
        and (body.count(_COLON) <= USUAL_COLONS_MAX or names_at_most(body) <= USUAL_COLONS_MAX)
    )


class ContractPart(NamedTuple):
    """A document without what is beyond the contract."""

    fields: dict[str, Any] | None
    """The values may break any rule; lists and objects where a text belongs are empty. None of what is no object."""
    names: int
    """How many different names the document's objects have: those of the contract's objects and of some others if
    there are many."""
    beyond: list[Fault]
    """What is beyond the contract: `field_unknown` and `sensitive_authentication_data`, once for each object."""


def as_json(fields: Mapping[str, Any]) -> bytes:
    """Fields as JSON, in which a number that is not finite stays one."""
    return to_json(fields, inf_nan_mode="constants")


def contract_part(body: bytes, contract: Names) -> ContractPart:
    """Read one JSON document; of a name that comes twice the last value counts.

    Raises:
        MalformedJsonError: the bytes are not one JSON document in UTF-8.
    """
    try:
        document = from_json(body, cache_strings="keys")
    except ValueError:
        document = ValueError
    if document is ValueError:  # raised out here, so that no error of the parser hangs on it as its context
        raise MalformedJsonError("not one JSON document")
    if not isinstance(document, dict):
        return ContractPart(None, 0, [])
    beyond: list[Fault] = []
    kept, names = _kept(document, contract, "", beyond)
    return ContractPart(kept, names, beyond)


def _kept(
    document: Mapping[str, Any], contract: Names, pointer: str, beyond: list[Fault]
) -> tuple[dict[str, Any], int]:
    """What the contract has names for, and how many names there are in all of its objects."""
    if unknown := document.keys() - contract.keys():
        beyond += faults_of_unknown(pointer, unknown)
    kept, names = {}, len(document)
    if len(unknown) <= NAMES_LOOKED_INTO_MAX:
        names += _names_within([document[name] for name in unknown])
    for name, inner in contract.items():
        if name not in document:
            continue
        value = document[name]
        if isinstance(value, dict):
            if inner:
                value, more = _kept(value, inner, f"{pointer}/{name}", beyond)
            else:
                value, more = _kept_pairs(value) if inner is ANY_NAMES else {}, _names_within([value])
            names += more
        kept[name] = [] if isinstance(value, list) else value
    return kept, names


def _kept_pairs(document: Mapping[str, Any]) -> dict[str, Any]:
    """The pairs of an object that may have any names: enough of them to tell when there are too many."""
    pairs = islice(document.items(), METADATA_PAIRS_MAX + 1)
    return {name: [] if isinstance(value, dict | list) else value for name, value in pairs}


def _names_within(values: Iterable[object]) -> int:
    """How many names the objects of values have, as far as objects alone lead to them; of many, of the first."""
    names, objects = 0, [value for value in values if isinstance(value, dict)]
    for document in objects:  # more of which are found on the way
        names += len(document)
        objects += [value for value in document.values() if isinstance(value, dict)]
        if len(objects) > _OBJECTS_COUNTED_MAX:
            break
    return names
