"""The archive as a drain: its buffers, and the store that it checks."""

import asyncio
from functools import partial

from workers.archive.buffer import BufferTotal, FlushLimits
from workers.archive.metrics import ArchiveMetrics
from workers.archive.processor import RENDERINGS_AT_ONCE_MAX, Archive, ArchiveProcessor
from workers.context import DrainContext
from workers.drain import Drain


async def open_archive(context: DrainContext) -> Drain:
    """The archive; nothing is asked of its store before the first flush."""
    return Drain(partial(ArchiveProcessor, archive_of(context)), {"sink": context.store.reach})


def archive_of(context: DrainContext) -> Archive:
    """The archive as one process writes it."""
    return Archive(
        store=context.store,
        letters=context.letters,
        meters=context.meters,
        counts=ArchiveMetrics(context.meters),
        limits=FlushLimits.of(context.settings),
        total=BufferTotal(),
        books=context.books,
        renderings=asyncio.Semaphore(RENDERINGS_AT_ONCE_MAX),
        patience=context.patience,
    )
