"""Keeps a set of children running for as long as a block runs, and ends them in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from txn_cli.output.failure import leaf_of, one_error
from txn_cli.stack.children.child import Child, ChildSpec
from txn_cli.stack.children.restarter import Restarter
from txn_cli.stack.narrator import Narrator
from txn_core.exceptions import StackError, TxnError
from txn_server.processes.restarts import RestartPolicy

Publish = Callable[[dict[str, int]], None]


class Supervisor:
    """Starts children in groups and keeps them running; made by `supervised`."""

    def __init__(self, narrator: Narrator, publish: Publish, policy: RestartPolicy, tasks: asyncio.TaskGroup) -> None:
        self._narrator = narrator
        self._publish = publish
        self._policy = policy
        self._tasks = tasks
        self._groups: list[list[Restarter]] = []
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def pids(self) -> dict[str, int]:
        """Each child's process id."""
        return {keeper.child.spec.name: keeper.child.pid for keeper in self._keepers()}

    async def start(self, *groups: Sequence[ChildSpec]) -> None:
        """Start more groups and return once each child of them answers; from then on it is kept running.

        A child that is not essential may also fail to answer: that is told, and the child is started again later.

        Raises:
            StartError: an essential child ended.
            StackError: an essential child does not answer.
        """
        started: list[Restarter] = []
        for specs in groups:
            group: list[Restarter] = []
            self._groups.append(group)
            for spec in specs:
                child = await Child.start(spec)
                group.append(Restarter(child, self._narrator, self._policy, self._publish_pids))
                self._publish_pids()
            started += group
        try:
            async with asyncio.TaskGroup() as waiting:
                for keeper in started:
                    waiting.create_task(self._first_answer(keeper.child))
        except ExceptionGroup as group:
            raise leaf_of(group) from None
        self._keeping += [self._tasks.create_task(self._keep(keeper)) for keeper in started]

    async def _first_answer(self, child: Child) -> None:
        try:
            await child.answered()
        except StackError as error:
            if child.spec.essential:
                raise
            self._narrator.warn(f"{error}; everything else goes on without it")
            child.kill()

    def send(self, name: str, number: signal.Signals) -> None:
        """Signal a child by its name; one that does not run right now, or that there is none of, is no error."""
        for keeper in self._keepers():
            if keeper.child.spec.name == name:
                keeper.child.send(number)

    async def _keep(self, keeper: Restarter) -> None:
        """Keep a child; why it cannot be kept is told at once, since stopping the others may take a while."""
        try:
            with one_error():
                await keeper.keep()
        except TxnError as error:
            self._narrator.warn(f"Stopping everything: {error}")
            raise

    def let_go(self) -> None:
        """Start no child again."""
        for task in self._keeping:
            task.cancel()

    async def stop(self) -> None:
        """End every child, the last group first; a group is gone before what it relies on is told to go."""
        while self._groups:
            group = self._groups[-1]
            if group:
                with self._narrator.step(f"Stopping {', '.join(keeper.child.spec.name for keeper in group)}"):
                    await asyncio.gather(*(keeper.child.stop() for keeper in group))
            self._groups.pop()

    def kill(self) -> None:
        """End every child at once; `stop` then only waits for them."""
        for keeper in self._keepers():
            keeper.child.kill()

    def _keepers(self) -> list[Restarter]:
        return [keeper for group in self._groups for keeper in group]

    def _publish_pids(self) -> None:
        self._publish(self.pids)


@asynccontextmanager
async def supervised(
    narrator: Narrator, publish: Publish, policy: RestartPolicy | None = None
) -> AsyncIterator[Supervisor]:
    """A supervisor for the time of the block; no child outlives it, however it ends.

    `publish` is told every child's process id whenever one changes.

    Raises:
        StackError: a child cannot stay up; the block was cancelled for it.
    """
    tasks = asyncio.TaskGroup()
    supervisor = Supervisor(narrator, publish, policy or RestartPolicy(), tasks)
    try:
        async with tasks:
            try:
                yield supervisor
            finally:
                supervisor.let_go()
    except ExceptionGroup as group:
        raise leaf_of(group) from None
    finally:
        await supervisor.stop()
