"""How whoever works with receipts and files waits for an outage of S3 to pass: handed in by the process."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Outlast(Protocol):
    """Repeats a call that is safe to repeat, until it has an answer, or for as long as the process has patience."""

    async def __call__(self, what: str, call: Callable[[], Awaitable[T]], /) -> T:
        """The answer of the call, which `what` names in the log. Errors that do not pass by themselves are raised."""
