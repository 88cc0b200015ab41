"""The composition root of a worker process: clients, leases, health, signals, and any one drain."""

import asyncio
import os
import secrets
import socket
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import structlog

from txn_core.aws.answers import Answers
from txn_core.aws.clients import Aws
from txn_core.drains import DrainDefinition
from txn_core.emf.reporter import reported
from txn_core.positions import ShardId
from txn_core.readiness import Check, stream_usable
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects
from txn_core.tracing.traced import traced
from workers.context import DrainContext, OpenDrain, opener_of
from workers.events.dead_letters import Seal
from workers.hosts.batch_spans import with_spans
from workers.hosts.health import readiness_of, served
from workers.hosts.leased import Worker
from workers.hosts.stopping import run_until, stopped_by_signals
from workers.leases.lease import WorkerName
from workers.leases.stream_watch import StreamWatch
from workers.metrics import WorkerMetrics
from workers.reading.opening import ReadPlan

_NO_SHARD: Final = ShardId("#ready")

_log = structlog.get_logger(__name__)


async def run(definition: DrainDefinition, settings: Settings, open_drain: OpenDrain | None = None) -> None:
    """Work until SIGTERM or SIGINT, then finish, checkpoint and release the leases.

    `open_drain` opens the drain where it is not to be opened as the registry says.

    Outages of the stores are waited out. Anything else that goes wrong is raised, in groups as tasks raise: the
    process is meant to end then and to be started again.

    Raises:
        SettingsError: the dead-letter key is missing, or the reads of the stream do not fit.
        StoreError: the drain cannot be opened.
    """
    with stopped_by_signals() as stopping:
        freeze_startup_objects()
        await work(definition, settings, stopping, open_drain)


async def work(
    definition: DrainDefinition, settings: Settings, stopping: asyncio.Event, open_drain: OpenDrain | None = None
) -> None:
    """Work until the event; `run` without the signals."""
    aws, metrics, name = Aws(settings), WorkerMetrics(definition.name), worker_name(settings)
    seal, service = Seal.of(settings), f"worker-{definition.name}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(reported(metrics.registry, settings, service))
        await stack.enter_async_context(traced(metrics.registry, settings, service))
        kinesis = await stack.enter_async_context(aws.kinesis(validate=False))
        dynamodb = await stack.enter_async_context(aws.dynamodb_writer())
        store = await stack.enter_async_context(aws.lake())
        answers = Answers(kinesis, "kinesis", ("GetRecords", "ListShards"))
        if (plan := await run_until(stopping, ReadPlan.of(kinesis, settings, definition))) is None:
            return
        open_reader = await stack.enter_async_context(plan.opening(aws, kinesis))
        context = DrainContext(definition, settings, kinesis, dynamodb, store, seal, metrics)
        if (drain := await run_until(stopping, (open_drain or opener_of(definition))(context))) is None:
            return
        leases = context.leases
        worker = Worker(
            name=name,
            settings=settings,
            leases=leases,
            processor=with_spans(drain.processor, definition.name),
            metrics=metrics,
            stream=StreamWatch(kinesis, context.stream, leases, metrics, kind=definition.name),
            open_reader=open_reader,
        )
        checks: dict[str, Check] = {
            "stream": partial(stream_usable, kinesis, context.stream, lambda: answers.last_s),
            "lease_table": partial(leases.row, _NO_SHARD),
            **drain.checks,
            "leases": worker.scans_leases,
            "shards": worker.makes_progress,
        }
        with served(metrics.registry, readiness_of(checks), settings):
            _log.info("started", name=name, stream=context.stream)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(worker.run(stopping))
                for task in drain.tasks:
                    tasks.create_task(run_until(stopping, task()))


def worker_name(settings: Settings) -> WorkerName:
    """The owner name of this very process.

    It ends in a random part also when the name is given: a process that is started again under its old name must
    not pass for the one before, which may still be writing.
    """
    name = settings.worker_id or f"{socket.gethostname()}:{os.getpid()}"
    return WorkerName(f"{name}:{secrets.token_hex(4)}")
