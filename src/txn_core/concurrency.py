"""Work on many items side by side, as many at once as there are hands."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[object]], *, workers: int) -> None:
    """Do the work for every item; items are taken one by one, as hands come free.

    The first error stops all hands and is raised as it is, not in a group.
    """
    waiting = iter(items)

    async def work_off() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work_off())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
