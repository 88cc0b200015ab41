"""The patience of a command: it bears an outage of seconds, and then says what it waited for.

Workers wait for a store for as long as it takes (`workers.retries`). Somebody who typed a command, perhaps with a
wrong address, does not.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from txn_core.exceptions import OutageError
from workers.retries import Patience, retry_outages

T = TypeVar("T")

PATIENCE_S: Final = 5.0


async def briefly(what: str, call: Callable[[], Awaitable[T]]) -> T:
    """The answer of a call that is safe to repeat, through an outage of a few seconds.

    `what` names it in the log. The error of the last attempt is raised, and any that does not pass by itself.
    """
    try:
        return await retry_outages(what, call, until=Patience.lasting(PATIENCE_S, cuts_off=False))
    except OutageError as outage:
        raise outage.__cause__ or outage from None
