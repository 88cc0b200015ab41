"""The archive as a drain: its buffers, and the store that it checks."""

import asyncio
from functools import partial

from workers.archive.archive_processor import RENDERINGS_AT_ONCE_MAX, Archive, ArchiveMetrics, ArchiveProcessor
from workers.archive.buffer import BufferTotal, FlushLimits
from workers.context import DrainContext
from workers.drain import Drain
from workers.planned.planned_object import PlannedObjects


async def open_archive(context: DrainContext) -> Drain:
    """The archive; nothing is asked of its store before the first flush."""
    return Drain(partial(ArchiveProcessor, archive_of(context)), {"sink": context.store.reach})


def archive_of(context: DrainContext) -> Archive:
    """The archive as one process writes it."""
    return Archive(
        objects=PlannedObjects(context.store, patience=context.patience),
        dead_letters=context.dead_letters,
        metrics=context.metrics,
        counts=ArchiveMetrics(context.metrics),
        limits=FlushLimits.of(context.settings),
        total=BufferTotal(),
        checkpointer=context.checkpointer,
        renderings=asyncio.Semaphore(RENDERINGS_AT_ONCE_MAX),
    )
