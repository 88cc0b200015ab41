"""A process of the system that is killed, frozen and started again, as a supervisor would."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from txn_cli.stack.children.child import Child, ChildSpec
from txn_core.exceptions import StackError

BACK_AFTER_S: Final = 0.3  # a process that ended by itself
STARTS_MAX: Final = 4


class Actor:
    """One process, kept up but for what is done to it. `ends` says how it ended without being told to."""

    def __init__(self, spec: ChildSpec, child: Child) -> None:
        self.spec, self._child = spec, child
        self._away_s: float | None = None
        self._frozen = False
        self.ends: Counter[str] = Counter()

    @classmethod
    @asynccontextmanager
    async def up(cls, spec: ChildSpec) -> AsyncIterator["Actor"]:
        """The process for the time of the block, after which it is gone."""
        actor = cls(spec, await Child.start(spec))
        keeping = asyncio.create_task(actor._keep())
        try:
            yield actor
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            actor._child.kill()
            await actor._child.ended()

    @property
    def is_up(self) -> bool:
        """Whether it runs, and nothing was done to it that it has not come back from."""
        return self._away_s is None and not self._frozen

    async def answered(self) -> None:
        """Return once it answers its probe, be it after another start.

        Raises:
            StackError: it does not.
        """
        for _ in range(STARTS_MAX - 1):
            with suppress(StackError):
                await self._child.answered()
                return
            await asyncio.sleep(2 * BACK_AFTER_S)
        await self._child.answered()

    def kill(self, back_after_s: float) -> bool:
        """SIGKILL; false when it is away already."""
        return self._end(signal.SIGKILL, back_after_s)

    def resign(self, back_after_s: float) -> bool:
        """SIGTERM; false when it is away already."""
        return self._end(signal.SIGTERM, back_after_s)

    async def freeze(self, for_s: float) -> None:
        """SIGSTOP for a while, unless it is killed meanwhile."""
        child, self._frozen = self._child, True
        child.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            child.send(signal.SIGCONT)
            self._frozen = False

    async def stop(self) -> int:
        """SIGTERM for good, and the exit code; negative when it had to be killed."""
        self._away_s = float("inf")
        return (await self._child.stop()).returncode

    def _end(self, number: signal.Signals, back_after_s: float) -> bool:
        if self._away_s is not None:
            return False
        self._away_s = back_after_s
        self._child.send(number)
        return True

    async def _keep(self) -> None:
        while True:
            ending = await self._child.ended()
            if self._away_s is None:
                self.ends[f"{self.spec.name} ended: {ending}"] += 1
            await asyncio.sleep(BACK_AFTER_S if self._away_s is None else self._away_s)
            self._child = await Child.start(self.spec)
            self._away_s = None
