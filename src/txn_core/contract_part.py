"""The part of a JSON document that the contract has names for.

pydantic makes an error of each name that the contract does not have, and copies its value: 60 KB of empty lists in a
field that nobody knows took 35 ms, a thousand times what an ordinary body takes. So what is beyond the contract is
taken away before, and one fault says so for each object.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from txn_core.duplicates import Names
from txn_core.errors import MalformedJsonError
from txn_core.faults import Fault, faults_of_unknown

USUAL_BYTES_MAX: Final = 4_096
USUAL_COLONS_MAX: Final = 40  # each name of the contract has one, a time has two, and a text has hardly one
# As numbers: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_COLON, _LIST = b":["


def is_of_usual_size(body: bytes) -> bool:
    """Whether a body is short, has few names and no list: pydantic can read it as it is.

    A longer one holds white space, or values that no rule lets pass.
    """
    return len(body) <= USUAL_BYTES_MAX and _LIST not in body and body.count(_COLON) <= USUAL_COLONS_MAX


class ContractPart(NamedTuple):
    """The document without what is beyond the contract."""

    document: bytes
    """JSON. The values of its fields may break any rule; lists and objects where a text belongs are empty."""
    names: int
    """How many different names the contract's objects have, those beyond the contract included."""
    beyond: list[Fault]
    """What is beyond it: `field_unknown` and `sensitive_authentication_data`, at most once for each object."""


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
        return ContractPart(b"null", 0, [])
    beyond: list[Fault] = []
    kept, names = _kept(document, contract, "", beyond)
    return ContractPart(to_json(kept, inf_nan_mode="constants"), names, beyond)


def _kept(
    document: Mapping[str, Any], contract: Names, pointer: str, beyond: list[Fault]
) -> tuple[dict[str, Any], int]:
    """What the contract has names for, and how many names there are in all of its objects."""
    if unknown := document.keys() - contract.keys():
        beyond += faults_of_unknown(pointer, unknown)
    kept, names = {}, len(document)
    for name, inner in contract.items():
        if name not in document:
            continue
        value = document[name]
        if isinstance(value, dict):
            value, more = _kept(value, inner, f"{pointer}/{name}", beyond) if inner else ({}, 0)
            names += more
        kept[name] = [] if isinstance(value, list) else value
    return kept, names
