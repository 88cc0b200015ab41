"""Signed requests whose bodies are waited for before their signatures can be verified: bounded, by themselves.

Whoever overhears an API key for signed requests can send heads whose signatures have the right form. Such a request
looks like its holder's until its body is there. So it takes nothing of what the holder may take until then, and has a
bound of its own. When that is full, the request that has waited longest goes: the body of an honest one comes right
behind its head, and an attacker's comes late or never. Bodies that come with their heads do not wait at all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from txn_api.problems import TooManyConcurrent
from txn_core.api_keys import KeyId

WAITING_MAX: Final = 512
"""Requests of one key; with bodies of 64 KiB, 32 MiB of them."""


class UnverifiedBodies:
    """The waits of all keys. Belongs to the running event loop."""

    def __init__(self) -> None:
        # In the order in which they began.
        self._waiting: dict[KeyId, dict[asyncio.Timeout, None]] = {}

    @asynccontextmanager
    async def waiting(self, key_id: KeyId) -> AsyncIterator[None]:
        """Wait for a body within the block.

        Raises:
            TooManyConcurrent: so many began to wait after this one that it had to go.
        """
        waits = self._waiting.setdefault(key_id, {})
        if len(waits) >= WAITING_MAX:
            longest = next(iter(waits))
            del waits[longest]
            longest.reschedule(asyncio.get_running_loop().time())
        place = asyncio.timeout(None)
        try:
            async with place:
                waits[place] = None
                yield
        except TimeoutError:
            if place.expired():
                raise TooManyConcurrent from None
            raise
        finally:
            waits.pop(place, None)
            if not waits and self._waiting.get(key_id) is waits:
                del self._waiting[key_id]
