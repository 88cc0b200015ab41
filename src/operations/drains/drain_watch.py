"""The drains of the system, looked at by one process for all.

A look reads every shard once for each drain, and a shard allows five reads a second to everybody together. So however
many processes are asked, and on however many hosts, one of them looks in a while; the others tell what it saw, until
that is old. A look that takes longer than whoever asked may wait goes on without them.
"""

import asyncio
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import ValidationError

from operations.drains.drain_figures import figures_of
from operations.drains.drain_reading import DrainReader
from operations.drains.shared_looks import SeenLook, SharedLookTable
from operations.shapes import DrainFigures
from txn_core import drains
from txn_core.aws.errors import code_of
from txn_core.transactions.instants import instant_of
from workers.reading.budget import look_pause_s

KIND: Final = "drains"
DOCUMENT_BYTES_MAX: Final = 4 << 20
"""Of what was seen, unpacked: drains by shards by some 300 bytes."""

WAIT_S_MAX: Final = 2.0
"""How long whoever asks waits for a look."""
LOOK_S_MAX: Final = 60.0
OLD_PAUSES: Final = 5
"""What was seen so many pauses ago, or longer, is not told any more."""

_log = structlog.get_logger(__name__)


class DrainWatch:
    """Looks, or tells what another process saw."""

    def __init__(self, reader: DrainReader, looks: SharedLookTable) -> None:
        self._reader, self._looks = reader, looks
        self._looking: asyncio.Task[DrainFigures] | None = None

    async def figures(self) -> DrainFigures | None:
        """The drains as somebody saw them a few pauses ago at most; None while nobody has, and one looks perhaps.

        Raises:
            ClientError, BotoCoreError, OSError: the stores do not answer.
        """
        seen, now = await self._looks.seen(KIND), datetime.now(UTC)
        pause_s = look_pause_s(self._reader.settings)
        is_due = self._looking is None and (seen is None or seen.next_at_ms <= _ms(now))
        if is_due and await self._looks.claim(KIND, seen, _ms(now) + int(1000 * pause_s)):
            self._looking = asyncio.create_task(self._look_and_put())
            self._looking.add_done_callback(self._looked)
        if (looking := self._looking) is not None:
            await asyncio.wait([looking], timeout=WAIT_S_MAX)
            if looking.done():
                return looking.result()
        return _told(seen, now - timedelta(seconds=OLD_PAUSES * pause_s))

    async def close(self) -> None:
        """Give up a look that is under way."""
        if (looking := self._looking) is not None:
            looking.cancel()
            await asyncio.wait([looking])

    def _looked(self, looking: asyncio.Task[DrainFigures]) -> None:
        self._looking = None
        if not looking.cancelled() and isinstance(error := looking.exception(), Exception):
            _log.warning("drains_not_seen", error=code_of(error))

    async def _look_and_put(self) -> DrainFigures:
        async with asyncio.timeout(LOOK_S_MAX):
            figures = await self._look()
            await self._looks.put(KIND, zlib.compress(figures.model_dump_json().encode()))
            return figures

    async def _look(self) -> DrainFigures:
        reader = self._reader
        registered = tuple(drains.REGISTRY.values())
        streams = dict.fromkeys(drain.stream(reader.settings) for drain in registered)
        identities = {stream: await reader.identity(stream) for stream in streams}
        readings = [await reader.read(drain, identities[drain.stream(reader.settings)]) for drain in registered]
        return figures_of(readings, reader.settings, datetime.now(UTC))


def _told(seen: SeenLook | None, oldest: datetime) -> DrainFigures | None:
    """What was seen since then; None when that is not known, also where a process of another version has seen it."""
    if seen is None or seen.document is None:
        return None
    unpacked = zlib.decompressobj().decompress(seen.document, DOCUMENT_BYTES_MAX)
    try:
        figures = DrainFigures.model_validate_json(unpacked)
    except ValidationError:
        return None
    return figures if figures.read_at >= instant_of(oldest) else None


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
