"""How the caller of a store waits for an outage to pass: its process decides, and hands it in."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Retry(Protocol):
    """Repeats a call through outages; the text names it."""

    async def __call__(self, what: str, call: Callable[[], Awaitable[T]], /) -> T:
        """The answer of the call. Errors that do not pass by themselves are raised."""
