"""When a client was last answered: what a process sees of a service in the course of its work, without asking."""

import asyncio
from collections.abc import Iterable
from typing import Any


class Answers:
    """Successful calls of some operations of one client, from when this is made."""

    def __init__(self, client: Any, service: str, operations: Iterable[str]) -> None:
        self.last_s = float("-inf")
        """When the last one ended, by the clock of the event loop."""
        for operation in operations:
            client.meta.events.register(f"after-call.{service}.{operation}", self._note)

    def _note(self, http_response: Any, **_: object) -> None:
        if http_response.status_code < 300:
            self.last_s = asyncio.get_running_loop().time()
