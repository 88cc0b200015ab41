"""What a query is held to before a route reads it: it holds no card number, and no name twice.

Routes that keep something of a request search the query for card numbers. A route has the search among its
dependencies (`searched`), or calls `refuse_card_numbers` if it is a raw one. Routes that keep nothing (health,
metrics, documentation, pages) go without: there a query of digits, such as a time against caches, is nobody's
business. Nothing of any query is logged.

Of a name that comes twice the framework would take the last value, another server in the way the first. What a name
stands for is one value, in a query as in a body (`txn_core.transactions.duplicates`).
"""

from collections import Counter
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel

from txn_api.problems import CardNumberMisplaced, ParameterInvalid
from txn_core.card_numbers.card_number_search import CODE
from txn_core.card_numbers.free_text import holds_card_number
from txn_core.card_numbers.free_text_fields import A_TIME, AN_ID, ModelFields, NoFreeText, Wanted, marked
from txn_core.card_numbers.pan import CardDigits
from txn_core.transactions import duplicates
from txn_core.transactions.faults import Fault
from txn_core.transactions.instants import is_time


def refuse_card_numbers(query_string: bytes, others: Collection[str] = (), times: Collection[str] = ()) -> None:
    """Search the names and values of a query, as long as `edge.QUERY_BYTES_MAX` lets it be.

    Not searched are the parameters named in `others`, which may look like a card number by chance or are one, and
    those in `times` that are read as a time: though its fraction and offset have up to thirteen digits, it is no
    place to hide a number.

    Raises:
        CardNumberMisplaced: one holds a card number or track data.
    """
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        if name in others or (name in times and is_time(value)):
            continue
        if holds_card_number(name) or holds_card_number(value):
            raise CardNumberMisplaced([Fault("", CODE)])


def searched(parameters: type[BaseModel] | None = None) -> Any:
    """A dependency of a route that takes these parameters and keeps something of a request."""
    others, times = _named(parameters, _is_id_or_card), _named(parameters, marked(A_TIME))

    async def search(request: Request) -> None:
        if query_string := request.scope["query_string"]:
            refuse_card_numbers(query_string, others, times)

    return Depends(search)


def each_once(parameters: type[BaseModel]) -> Any:
    """A dependency of routes that take these parameters; it refuses a query in which a name comes twice.

    A name that is none of theirs is not repeated.
    """
    contract = duplicates.names_of(parameters)

    async def refuse_repeated(request: Request) -> None:
        counts = Counter(name for name, _ in request.query_params.multi_items())
        repeated = [f"/{name}" if name in contract else "" for name, count in counts.items() if count > 1]
        if repeated:
            raise ParameterInvalid([Fault(pointer, duplicates.CODE) for pointer in dict.fromkeys(repeated)])

    return Depends(refuse_repeated)


def _is_id_or_card(type_: Any, marks: frozenset[NoFreeText]) -> bool:
    """Whether a parameter is an id or a cursor, or the card number in its own place."""
    return AN_ID in marks or type_ is CardDigits


def _named(parameters: type[BaseModel] | None, wanted: Wanted) -> frozenset[str]:
    """The names of the wanted parameters."""
    return frozenset(() if parameters is None else (pointer[1:] for pointer in ModelFields(parameters, wanted)))
