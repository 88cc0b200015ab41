"""Query parameters that come twice: the framework would take the last one, another server in the way the first.

What a name stands for is one value, in a query as in a body (`txn_core.transactions.duplicates`).
"""

from collections import Counter
from typing import Any

from fastapi import Depends, Request
from pydantic import BaseModel

from txn_api.problems import ParameterInvalid
from txn_core.transactions.duplicates import CODE, names_of
from txn_core.transactions.faults import Fault


def each_once(parameters: type[BaseModel]) -> Any:
    """A dependency of routes that take these parameters; it refuses a query in which a name comes twice.

    A name that is none of theirs is not repeated.
    """
    contract = names_of(parameters)

    async def refuse_repeated(request: Request) -> None:
        counts = Counter(name for name, _ in request.query_params.multi_items())
        repeated = [f"/{name}" if name in contract else "" for name, count in counts.items() if count > 1]
        if repeated:
            raise ParameterInvalid([Fault(pointer, CODE) for pointer in dict.fromkeys(repeated)])

    return Depends(refuse_repeated)
