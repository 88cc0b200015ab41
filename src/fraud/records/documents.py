"""Records as JSON: members in the order of their fields, so that equal records are equal bytes.

A reader leaves out members that it does not know: a later version may have written them.
"""

from typing import Any, Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

Record = TypeVar("Record")


def document_of(record: object) -> str:
    """The JSON of a record."""
    return to_json(record).decode()


def record_of(kind: type[Record], document: str | bytes) -> Record:
    """The record of that kind that a document holds.

    Raises:
        ValueError: the document holds another one.
    """
    adapter = _ADAPTERS.get(kind) or _ADAPTERS.setdefault(kind, TypeAdapter(kind))
    record: Record = adapter.validate_json(document)
    return record


_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}
"""Made once: to make one takes as long as to read a hundred documents."""
