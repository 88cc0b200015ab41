"""The composition root of the process that runs the warehouse beside a local stack: health, signals, the watcher."""

import asyncio
import signal
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog

from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir
from txn_cli.warehouse_watch.lake_look import LakeLook
from txn_cli.warehouse_watch.run_process import run_command, run_once
from txn_cli.warehouse_watch.watch_metrics import WatchMetrics
from txn_cli.warehouse_watch.watcher import Watcher
from txn_core.aws.clients import Aws
from txn_core.emf.reporter import reported
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects
from workers.hosts.health import readiness_of, served
from workers.hosts.stopping import run_until, stopped_by_signals

LOOK_NOW = signal.SIGUSR1
"""The signal that has the lake be looked at at once."""
LOOK_S_MAX = 60.0
READY_PAUSE_S = 0.5

_log = structlog.get_logger(__name__)


async def watch(folder: Path, settings: Settings, every_s: float) -> None:
    """Run the warehouse of the stack in a folder until SIGTERM or SIGINT; a run under way is ended then."""
    freeze_startup_objects()
    with stopped_by_signals() as stopping:
        watcher = Watcher(
            partial(look_at_lake, folder), partial(run_once, run_command(folder)), every_s, WatchMetrics(time.time)
        )
        asyncio.get_running_loop().add_signal_handler(LOOK_NOW, watcher.look_now)
        registry = watcher.metrics.registry
        async with reported(registry, settings, "warehouse"):
            with served(registry, readiness_of({"last_run": watcher.works}), settings):
                _log.info("started", every_s=every_s)
                with suppress(asyncio.CancelledError):
                    await run_until(stopping, watcher.watch())


async def look_at_lake(folder: Path, before: LakeLook) -> LakeLook:
    """The lake of the stack in a folder; waits until the stack is ready.

    Raises:
        StackError: the folder's files do not fit together.
    """
    while (settings := attach(DataDir.at(folder))) is None:  # noqa: ASYNC110 - other processes make it ready
        await asyncio.sleep(READY_PAUSE_S)
    async with asyncio.timeout(LOOK_S_MAX), Aws(settings).lake() as store:
        return await LakeLook.at(store, before)
