"""Names that come twice in one JSON object.

Which of the two counts is nowhere said (RFC 8259, 4), and readers differ: a gateway that checked the first amount and
a service that stored the last one were talking of two transactions. So such a document is refused.
"""

import codecs
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from pydantic import BaseModel

from txn_core.transactions.faults import Fault

CODE: Final = "name_duplicated"

Names = Mapping[str, "Names"]
"""The names that an object of the contract may have, each with those of its value, if that is an object, too."""

ANY_NAMES: Final[Names] = {}
"""Those of an object whose names are the client's; a text belongs to each."""

_WHITE_SPACE: Final = b" \t\r\n"
# As numbers: to look for bytes in bytes, CPython 3.11 first makes an exception of their not being a number.
_BACKSLASH, _COLON, _OBJECT, _LIST = b"\\:{["
# Made once: to make it takes as long as to read a small document.
_READER: Final = json.JSONDecoder(parse_float=str, parse_int=str, object_pairs_hook=tuple)
_CONTAINERS: Final = frozenset({tuple, list})
CONTAINERS_MAX: Final = 16


def has_each_name_once(body: bytes, names: int, colons_in_texts: int) -> bool:
    """Whether no name of a sound JSON document comes twice in its object. `False` leaves the question open.

    `names` is how many names the objects of the parsed document have together; a parser keeps each of an object once.
    At least `colons_in_texts` colons stand in its texts, unless they are written as escapes.

    Each name that was written has a colon behind it. So a document with no more colons than its different names and
    its texts need names nothing twice. A text with one more (a street) spoils that count. Then quotes with a colon
    behind them are counted, white space and escaped quotes left out: those that end a name, and those that begin a
    text whose first character is a colon, which have a colon before them, too.
    """
    unescaped = without_escaped_quotes(body)
    if unescaped.count(_COLON) == names + colons_in_texts and _BACKSLASH not in unescaped:
        return True
    dense = unescaped.translate(None, _WHITE_SPACE)
    return dense.count(b'":') - dense.count(b':":') == names


def names_at_most(body: bytes) -> int:
    """A bound on how many names a JSON document writes: its quotes with a colon behind them."""
    return without_escaped_quotes(body).translate(None, _WHITE_SPACE).count(b'":')


def without_escaped_quotes(body: bytes) -> bytes:
    """A JSON document without escaped quotes and backslashes. To leave them out again changes nothing."""
    return body.replace(rb"\\", b"").replace(rb"\"", b"") if _BACKSLASH in body else body


def names_of(model: type[BaseModel], **inner: Names) -> Names:
    """The names of a model's object as they are written; `inner` has those of its fields that are objects."""
    return {field.alias or name: inner.get(name, {}) for name, field in model.model_fields.items()}


class AsWritten:
    """A document that a JSON parser has taken, as it is written: read when it is first asked for, and once."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._each_name_once: bool | None = None

    def has_each_name_once(self, names: int, colons_in_texts: int) -> bool:
        """See the function of that name."""
        if self._each_name_once is None:
            self._each_name_once = has_each_name_once(self.body, names, colons_in_texts)
        return self._each_name_once

    @cached_property
    def document(self) -> object:
        """Objects are tuples of names and values, of which none is lost, and numbers the text that they are."""
        return _READER.decode(self.body.removeprefix(codecs.BOM_UTF8).decode())


def duplicated_names(written: bytes | AsWritten, contract: Names) -> list[Fault]:
    """A fault for each name that comes twice in its object, of a document that a JSON parser has taken.

    A name that is not the contract's is not repeated: the pointer leads to the object that it is in, as far as the
    contract's names lead. A document of more than `CONTAINERS_MAX` objects and lists is refused for these anyway:
    there, the contract's objects alone are searched.
    """
    if isinstance(written, bytes):
        written = AsWritten(written)
    containers = written.body.count(_OBJECT) + written.body.count(_LIST)
    search = _Search(everywhere=containers <= CONTAINERS_MAX)
    search.look_through(written.document, "", contract)
    return [Fault(pointer, CODE) for pointer in search.pointers]


class _Search:
    """A search for names that come twice. An object is a tuple of its names and values, as they are written."""

    def __init__(self, *, everywhere: bool) -> None:
        self._everywhere = everywhere
        self.pointers: dict[str, None] = {}

    def look_through(self, value: object, pointer: str, contract: Names) -> None:
        """Note each name of an object that comes twice, and those of the objects within it."""
        if isinstance(value, tuple):
            self._look_through_object(value, pointer, contract)
        elif isinstance(value, list) and self._everywhere:
            for inner in value:
                self.look_through(inner, pointer, {})

    def _look_through_object(self, pairs: tuple[tuple[str, object], ...], pointer: str, contract: Names) -> None:
        each_once, seen = len(dict(pairs)) == len(pairs), set[str]()
        for name, inner in pairs:
            if not each_once:
                if name in seen:
                    self.pointers[f"{pointer}/{name}" if name in contract else pointer] = None
                seen.add(name)
            if inner.__class__ not in _CONTAINERS:
                continue
            if name in contract:
                self.look_through(inner, f"{pointer}/{name}", contract[name])
            elif self._everywhere:
                self.look_through(inner, pointer, {})
