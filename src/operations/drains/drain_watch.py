"""The drains of the system, looked at by one process for all.

A look reads every shard once for each drain, and a shard allows five reads a second to everybody together. So however
many processes are asked, and on however many hosts, one of them looks in a while; the others tell what it saw.
"""

import zlib
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from operations.drains.drain_figures import figures_of
from operations.drains.drain_reading import DrainReader
from operations.drains.shared_looks import SeenLook, SharedLookTable
from operations.shapes import DrainFigures
from txn_core import drains
from workers.reading.budget import look_pause_s

KIND: Final = "drains"
DOCUMENT_BYTES_MAX: Final = 4 << 20
"""Of what was seen, unpacked: drains by shards by some 300 bytes."""


class DrainWatch:
    """Looks, or tells what another process saw."""

    def __init__(self, reader: DrainReader, looks: SharedLookTable) -> None:
        self._reader, self._looks = reader, looks

    async def figures(self) -> DrainFigures | None:
        """The drains as somebody saw them last; None while nobody has seen them.

        Raises:
            ClientError, BotoCoreError, OSError: the stores do not answer.
        """
        seen = await self._looks.seen(KIND)
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        if seen is None or seen.next_at_ms <= now_ms:
            pause_ms = int(1000 * look_pause_s(self._reader.settings))
            if await self._looks.claim(KIND, seen, now_ms + pause_ms):
                figures = await self._look()
                await self._looks.put(KIND, zlib.compress(figures.model_dump_json().encode()))
                return figures
        return _told(seen)

    async def _look(self) -> DrainFigures:
        reader = self._reader
        registered = tuple(drains.REGISTRY.values())
        streams = dict.fromkeys(drain.stream(reader.settings) for drain in registered)
        identities = {stream: await reader.identity(stream) for stream in streams}
        readings = [await reader.read(drain, identities[drain.stream(reader.settings)]) for drain in registered]
        return figures_of(readings, reader.settings, datetime.now(UTC))


def _told(seen: SeenLook | None) -> DrainFigures | None:
    """What was seen; None when that is not known, also where a process of another version has seen it."""
    if seen is None or seen.document is None:
        return None
    unpacked = zlib.decompressobj().decompress(seen.document, DOCUMENT_BYTES_MAX)
    try:
        return DrainFigures.model_validate_json(unpacked)
    except ValidationError:
        return None
