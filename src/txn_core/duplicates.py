"""Names that come twice in one JSON object.

Which of the two counts is nowhere said (RFC 8259, 4), and readers differ: a gateway that checked the first amount and
a service that stored the last one were talking of two transactions. So such a document is refused.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel

from txn_core.faults import Fault

CODE: Final = "name_duplicated"

Names = Mapping[str, "Names"]
"""The names that an object of the contract may have, each with those of its value, if that is an object, too."""

_WHITE_SPACE: Final = b" \t\r\n"
# As numbers: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_BACKSLASH, _COLON = b"\\:"


def has_each_name_once(body: bytes, names: int, colons_in_texts: int) -> bool:
    """Whether no name of a sound JSON document comes twice in its object. `False` leaves the question open.

    `names` is how many names the objects of the parsed document have together; a parser keeps each of an object once.
    At least `colons_in_texts` colons stand in its texts, unless they are written as escapes.

    Each name that was written has a colon behind it. So a document with no more colons than its different names and
    its texts need names nothing twice. A text with one more (a street) spoils that count. Then quotes with a colon
    behind them are counted, white space left out: each name that was written has one, and texts only add to them.
    """
    if body.count(_COLON) == names + colons_in_texts and _BACKSLASH not in body:
        return True
    return body.translate(None, _WHITE_SPACE).count(b'":') == names


def names_of(model: type[BaseModel], **inner: Names) -> Names:
    """The names of a model's object as they are written; `inner` has those of its fields that are objects."""
    return {field.alias or name: inner.get(name, {}) for name, field in model.model_fields.items()}


def duplicated_names(body: bytes, contract: Names) -> list[Fault]:
    """A fault for each name that comes twice in its object, of a document that a JSON parser has taken.

    A name that is not the contract's is not repeated: the pointer leads to the object that it is in, as far as the
    contract's names lead.
    """
    document = json.loads(body, parse_float=str, parse_int=str, object_pairs_hook=tuple)
    return [Fault(pointer, CODE) for pointer in dict.fromkeys(_pointers(document, "", contract))]


def _pointers(value: object, pointer: str, contract: Names) -> Iterator[str]:
    if isinstance(value, tuple):  # of pairs: an object
        seen = set[str]()
        for name, inner in value:
            at = f"{pointer}/{name}" if name in contract else pointer
            if name in seen:
                yield at
            seen.add(name)
            yield from _pointers(inner, at, contract.get(name, {}))
    elif isinstance(value, list):
        for inner in value:
            yield from _pointers(inner, pointer, {})
