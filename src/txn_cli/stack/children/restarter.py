"""One child, kept running: started again when it ends, given up when it cannot stay up."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Never

from txn_cli.stack.children.child import Child
from txn_cli.stack.narrator import Narrator
from txn_core.exceptions import StackError
from txn_server.processes.ending import Ending
from txn_server.processes.restarts import End, RestartPolicy


class Restarter:
    """Owns a child over its restarts; after each one `publish` is called, since the process id is another.

    `child` is the present process; between its end and the next start, the last one.
    """

    def __init__(self, child: Child, narrator: Narrator, policy: RestartPolicy, publish: Callable[[], None]) -> None:
        self.child = child
        self._narrator = narrator
        self._policy = policy
        self._publish = publish
        self._ends: deque[End] = deque(maxlen=policy.ends_max)

    async def keep(self) -> Never:
        """Start the child again whenever it ends.

        Raises:
            StackError: it ended too often, and the stack is of no use without it.
        """
        while True:
            ending = await self.child.ended()
            await asyncio.sleep(self._pause_s(ending))
            await self._start_again()

    def _pause_s(self, ending: Ending) -> float:
        self._ends.append(End(time.monotonic(), ending.returncode))
        pause_s, spec = self._policy.pause_s(self._ends), self.child.spec
        if pause_s is None and spec.essential:
            raise StackError(f"{spec.name} cannot stay up ({ending}): see {spec.log}, then `txn up` again")
        if pause_s is None:
            pause_s = self._policy.window_s
            self._narrator.warn(f"{spec.name} cannot stay up: see {spec.log}; everything else goes on without it")
        self._narrator.warn(f"{spec.name} ended, {ending}; starting it again in {pause_s:.2g} s")
        return pause_s

    async def _start_again(self) -> None:
        """A child that ends once more is the next turn's concern; one that hangs is made to end."""
        self.child = await Child.start(self.child.spec)
        self._publish()
        try:
            await self.child.answered()
        except StackError:
            self.child.kill()
        else:
            self._narrator.say(f"{self.child.spec.name} is back (process {self.child.pid})")
