"""Ctrl-C and SIGTERM: the first one has the work wind up in order, each further one forces the end."""

import asyncio
from collections.abc import Callable, Coroutine

from txn_cli.stack.narrator import Narrator
from txn_server.processes.ending import SIGNALS


class Interruption:
    """What to do when the person at the terminal, or the system, wants an end."""

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._count = 0
        self._work: asyncio.Task[None] | None = None
        self._force: Callable[[], None] | None = None

    def when_forced(self, force: Callable[[], None]) -> None:
        """What a second interruption does; called once a time it happens."""
        self._force = force

    async def run(self, work: Coroutine[None, None, None]) -> None:
        """Run the work until it ends or an interruption has cancelled it; either way it has wound up."""
        loop = asyncio.get_running_loop()
        self._work = asyncio.create_task(work)
        for number in SIGNALS:
            loop.add_signal_handler(number, self._interrupt)
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._count:
                raise
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _interrupt(self) -> None:
        self._count += 1
        if self._count == 1 and self._work is not None:
            self._narrator.say("Stopping; once more to force it")
            self._work.cancel()
        elif self._force is not None:
            self._narrator.warn("Forcing the end")
            self._force()
