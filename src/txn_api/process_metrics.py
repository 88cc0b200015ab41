"""The processes that serve one port together: whichever is asked for metrics tells those of all.

Each serves its own over a unix socket in a folder that they share; the label `process` (its process id) tells them
apart. What goes over the socket is one line of JSON: the text format would have to be parsed again.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog
from prometheus_client import Metric
from prometheus_client.registry import Collector

from txn_core.recent import Recent

ANSWER_S_MAX: Final = 1.0
ANSWER_BYTES_MAX: Final = 2 << 20
"""Of one process; it tells tens of kilobytes, since all labels come from fixed lists."""
RENDERED_EVERY_S: Final = 1.0
"""How often a process renders its metrics at most, whoever asks."""
LABEL: Final = "process"

_log = structlog.get_logger()


def socket_of(folder: Path, pid: int) -> Path:
    """Where a process serves its metrics, once its application has started."""
    return folder / f"{pid}.sock"


@dataclass(frozen=True, slots=True)
class ProcessMetrics:
    """This process among those whose sockets are in the same folder, which is theirs alone."""

    folder: Path

    @asynccontextmanager
    async def told(self, registry: Collector) -> AsyncIterator[None]:
        """Tell the others this process's metrics for the time of the block."""
        packed = Recent(lambda: _packed(registry.collect()), RENDERED_EVERY_S)

        async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):  # of which TimeoutError is one; who asked has gone
                async with asyncio.timeout(ANSWER_S_MAX):
                    writer.write(packed.get())
                    await writer.drain()
            writer.close()

        # The socket's file stays behind: to the supervisor it says that the process had started.
        server = await asyncio.start_unix_server(tell, socket_of(self.folder, os.getpid()))
        try:
            yield
        finally:
            server.close()

    async def metrics(self, registry: Collector) -> Collector:
        """The metrics of this process and of every other one that answers within a second, labelled."""
        own = socket_of(self.folder, os.getpid())
        others = sorted(set(self.folder.glob("*.sock")) - {own})
        answers = await asyncio.gather(*map(_ask, others))
        merged = _Merged()
        for path, packed in zip((own, *others), (_packed(registry.collect()), *answers), strict=True):
            if packed is not None:
                merged.add(path.stem, packed)
        return merged


@dataclass(frozen=True, slots=True)
class _Merged:
    """Families by name: in the text format all samples of one stand together, whichever process they are of."""

    families: dict[str, Metric] = field(default_factory=dict)

    def collect(self) -> Iterable[Metric]:
        """Every family, with all processes' samples."""
        return self.families.values()

    def add(self, process: str, packed: bytes) -> None:
        """Take in what a process told."""
        for name, documentation, kind, samples in json.loads(packed):
            family = self.families.setdefault(name, Metric(name, documentation, kind))
            for sample_name, labels, value in samples:
                family.add_sample(sample_name, {**labels, LABEL: process}, value)


def _packed(families: Iterable[Metric]) -> bytes:
    """One line. The standard library's JSON, which alone takes infinity and NaN there and back."""
    rows: list[tuple[Any, ...]] = [
        (family.name, family.documentation, family.type, [(s.name, s.labels, s.value) for s in family.samples])
        for family in families
    ]
    return json.dumps(rows).encode() + b"\n"


async def _ask(path: Path) -> bytes | None:
    """The metrics of another process; None when it is gone, stuck, or not yet there."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            reader, writer = await asyncio.open_unix_connection(path, limit=ANSWER_BYTES_MAX)
            try:
                return await reader.readuntil(b"\n")
            finally:
                writer.close()
    except (OSError, EOFError, asyncio.LimitOverrunError) as error:
        _log.warning("process_metrics_not_read", other_process=path.stem, error=type(error).__name__)
        return None
