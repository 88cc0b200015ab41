"""The search for card numbers in a query: routes that keep something of a request refuse one before they read it.

A route has the search among its dependencies (`searched`), or calls `refuse_card_numbers` if it is a raw one. Routes
that keep nothing (health, metrics, documentation, pages) go without: there a query of digits, such as a time against
caches, is nobody's business. Nothing of any query is logged.
"""

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel

from txn_api.problems import CardNumberMisplaced
from txn_core.card_numbers.card_number_search import CODE
from txn_core.card_numbers.free_text import holds_card_number
from txn_core.transactions.faults import Fault
from txn_core.transactions.instants import is_time

# Ids and cursors may look like one by chance; the card number has its own parameter.
_NOT_SEARCHED: Final = frozenset({"card_number", "card_id", "cursor"})
# What is read as a time is no place to hide a number, though its fraction and offset have up to thirteen digits.
_TIMES: Final = frozenset({"from", "to"})


def refuse_card_numbers(query_string: bytes, parameters: Collection[str] = ()) -> None:
    """Search the names and values of a query, as long as `edge.QUERY_BYTES_MAX` lets it be.

    `parameters` are those that the route takes: of these alone ids, cursors and times are no free text.

    Raises:
        CardNumberMisplaced: one holds a card number or track data.
    """
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name in parameters and (name in _NOT_SEARCHED or (name in _TIMES and is_time(value))):
            continue
        if holds_card_number(name) or holds_card_number(value):
            raise CardNumberMisplaced([Fault("", CODE)])


def searched(parameters: type[BaseModel] | None = None) -> Any:
    """A dependency of a route that takes these parameters and keeps something of a request."""
    fields = {} if parameters is None else parameters.model_fields
    names = frozenset(field.alias or name for name, field in fields.items())

    async def search(request: Request) -> None:
        if query_string := request.scope["query_string"]:
            refuse_card_numbers(query_string, names)

    return Depends(search)
