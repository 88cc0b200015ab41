"""Keeps a cube of the newest data, and answers choices from it.

A cube is built in the turn of a query, when somebody asks and the published files are others than the cube's. Until
it is there, choices are answered from the former one, and the answer says of which data it is. Choices have a thread
of their own, so that a click waits for no question.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar, TypeVarTuple, Unpack

import structlog

from insight.answers.answer_desk import ENDED_KEPT_S, WANTED_S, Place, Told
from insight.answers.turns import Turns
from insight.explorer.cube import Cube
from insight.explorer.dimensions import Choice
from insight.explorer.views import Views, views_of
from warehouse.sql.query_errors import QueryError

KEPT_MAX: Final = 512
"""Choices whose views are kept, those that were asked for last."""
_CUBE, _VIEWS = "cube", "views"

_log = structlog.get_logger()
_Made = TypeVar("_Made")
_Arguments = TypeVarTuple("_Arguments")


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: str
    cube: Cube
    views: OrderedDict[Choice, Views]


class ExplorerDesk:
    """Answers choices. `building` takes the turns of queries, `viewing` those of choices."""

    def __init__(
        self, place: Place, threads: ThreadPoolExecutor, told: Told, *, building: Turns, viewing: Turns
    ) -> None:
        self._place, self._threads, self._told = place, threads, told
        self._building, self._viewing = building, viewing
        self._kept: _Kept | None = None
        self._asked_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._failed: tuple[str, float, QueryError] | None = None

    async def views(self, choice: Choice) -> tuple[Cube, Views]:
        """The views of a choice, and the cube that they are of.

        Raises:
            NotPublishedError: nothing is published.
            NoTurnError: too much is asked at once.
            QueryError: the cube or the views take more than their bounds.
        """
        self._asked_at = time.monotonic()
        kept = await self._newest()
        if (views := kept.views.get(choice)) is not None:
            kept.views.move_to_end(choice)
            return kept.cube, views
        async with self._viewing.turn():
            views = await self._in_thread(_VIEWS, views_of, kept.cube, choice)
        kept.views[choice] = views
        if len(kept.views) > KEPT_MAX:
            kept.views.popitem(last=False)
        return kept.cube, views

    def is_wanted(self) -> bool:
        """Whether a choice was asked lately."""
        return self._asked_at is not None and self._asked_at > time.monotonic() - WANTED_S

    async def warm(self) -> None:
        """Have the cube of the newest data, and wait for it. Raises as `views`."""
        await self._newest()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _newest(self) -> _Kept:
        """What there is; when it is not of the newest data, its successor is being built."""
        stamp = self._place.stamp()
        if self._kept is None or self._kept.stamp != stamp:
            task = self._task or self._begin(stamp)
            if self._kept is None and task is not None:
                await asyncio.shield(task)
        assert self._kept is not None  # noqa: S101 - the task has made it, or raised
        return self._kept

    def _begin(self, stamp: str) -> "asyncio.Task[None] | None":
        """Begin to build, but for a cube that could not be built a short while ago.

        Raises:
            QueryError: that one, where there is no other cube.
        """
        if self._failed is not None and self._failed[0] == stamp and time.monotonic() < self._failed[1]:
            if self._kept is None:
                raise self._failed[2].with_traceback(None)
            return None
        self._task = task = asyncio.create_task(self._build(stamp))
        task.add_done_callback(partial(self._built, stamp))
        return task

    async def _build(self, stamp: str) -> None:
        async with self._building.turn():
            cube = await self._cube_of(stamp)
            while (newest := self._place.stamp()) != stamp:  # files were replaced meanwhile: it may be of both
                stamp, cube = newest, await self._cube_of(newest)
        self._kept = _Kept(stamp, cube, OrderedDict())

    async def _cube_of(self, stamp: str) -> Cube:
        place = self._place
        return await self._in_thread(_CUBE, Cube.built, place.folder, place.bounds, stamp, place.overdue)

    def _built(self, stamp: str, task: "asyncio.Task[None]") -> None:
        self._task = None
        if not task.cancelled() and isinstance(error := task.exception(), QueryError):
            _log.warning("cube_not_built", error=type(error).__name__)
            self._failed = (stamp, time.monotonic() + ENDED_KEPT_S, error)

    async def _in_thread(
        self, name: str, work: Callable[[Unpack[_Arguments]], _Made], *arguments: *_Arguments
    ) -> _Made:
        began, outcome = time.perf_counter(), "answered"
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            self._told.queried(name, time.perf_counter() - began, outcome)
