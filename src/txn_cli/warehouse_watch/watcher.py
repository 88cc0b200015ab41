"""Looks at the lake again and again, and runs the warehouse when something is new there: one run at a time.

A run that fails is told, counted and tried again, after pauses that double. Whatever a run does, the watcher goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from txn_cli.warehouse_watch.lake_look import LakeLook
from txn_cli.warehouse_watch.run_process import RunOutcome
from txn_cli.warehouse_watch.watch_metrics import WatchMetrics
from txn_core.aws.errors import code_of
from txn_core.exceptions import TxnError
from txn_core.readiness import NotReadyError

PAUSE_S_MAX: Final = 900.0
NOT_YET: Final = "nothing was looked at yet"

Look = Callable[[LakeLook], Awaitable[LakeLook]]
StartRun = Callable[[], Awaitable[RunOutcome]]

_log = structlog.get_logger(__name__)


class Watcher:
    """Runs every `every_s` seconds, when there is something new."""

    def __init__(self, look: Look, run: StartRun, every_s: float, metrics: WatchMetrics | None = None) -> None:
        self._look, self._run, self._every_s = look, run, every_s
        self.metrics = metrics or WatchMetrics(time.time)
        self._seen = LakeLook()
        self._done = LakeLook()  # what the last good run began with; an empty lake needs none
        self._failures = 0
        self._error = NOT_YET
        self._wanted = asyncio.Event()

    def look_now(self) -> None:
        """Look at the lake at once, and again with the shortest pauses."""
        self._failures = 0
        self._wanted.set()

    async def works(self) -> None:
        """Return when the last look, and the run behind it, went well.

        Raises:
            NotReadyError: why not.
        """
        if self._error:
            raise NotReadyError(self._error)

    async def watch(self) -> None:
        """Look and run until cancelled."""
        while True:
            self._wanted.clear()
            await self.turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pause_s):
                    await self._wanted.wait()

    @property
    def pause_s(self) -> float:
        """The pause before the next look, seconds."""
        return max(self._every_s, min(PAUSE_S_MAX, self._every_s * 2.0 ** min(self._failures, 16)))

    async def turn(self) -> None:
        """Look once, and run when something is new."""
        try:
            self._seen = seen = await self._look(self._seen)
        except (ClientError, BotoCoreError, OSError) as error:  # of which TimeoutError is one
            self._fail(f"cannot list the lake: {code_of(error)}")
            return
        except TxnError as error:
            self._fail(str(error))
            return
        waiting = seen.waiting(self._done)
        self.metrics.looked(waiting)
        if seen == self._done:
            self._well()
            return
        await self._run_behind(seen)

    async def _run_behind(self, seen: LakeLook) -> None:
        began_at = self.metrics.began()
        outcome = await self._run()
        if outcome.error:
            self._fail(outcome.error)
        else:
            self._well()
            self._done = seen
            self.metrics.caught_up()
        self.metrics.ended(began_at, rows=outcome.rows, built=outcome.built, failures=self._failures)
        if not outcome.error:
            _log.info("warehouse_run_done", rows=outcome.rows, built=outcome.built)

    def _well(self) -> None:
        self._failures, self._error = 0, ""

    def _fail(self, error: str) -> None:
        self._failures += 1
        self._error = error
        _log.error("warehouse_run_failed", reason=error, in_a_row=self._failures, next_in_s=self.pause_s)
