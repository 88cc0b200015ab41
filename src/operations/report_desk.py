"""The report of `GET /operations`: each part is read apart, within a bound, and shared by all who ask meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog

from operations.cost.million_cost import cost_of
from operations.dead_letters.lake_bucket import LakeBucket
from operations.dead_letters.letter_desk import LetterDesk
from operations.drains.drain_reading import DrainReader
from operations.drains.drain_watch import DrainWatch
from operations.drains.shared_looks import SharedLookTable
from operations.figures.api_watch import ApiWatch
from operations.health.findings import findings, worst
from operations.shapes import Lack, MissingShape, OperationsReport, Part
from txn_api.resource import ProcessParts
from txn_api.stores import STORE_ERRORS
from txn_core.aws.errors import code_of
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import TxnError
from txn_core.recent import RecentRead
from txn_core.transactions.instants import now
from workers.events.dead_letters import Seal

T = TypeVar("T")

API_KEPT_S: Final = 1.5
DRAINS_KEPT_S: Final = 1.0
LETTERS_KEPT_S: Final = 10.0
PART_S_MAX: Final = 3.0
WAITS_MAX: Final = 32

_log = structlog.get_logger(__name__)


class ReportDesk:
    """Puts reports together. Its `letters` are the desk of dead letters, its `drains` the watch over the drains."""

    def __init__(self, parts: ProcessParts, letters: LetterDesk) -> None:
        names = TableNames.of(parts.settings)
        reader = DrainReader(parts.kinesis, parts.dynamodb, parts.settings)
        self.drains = drains = DrainWatch(reader, SharedLookTable(parts.dynamodb, names.idempotency))
        self._watch = ApiWatch(parts.metrics, asyncio.get_running_loop().time)
        self.letters = letters
        self._api = _shared(self._watch.figures, API_KEPT_S)
        self._drains = _shared(drains.figures, DRAINS_KEPT_S)
        self._counts = _shared(letters.counts, LETTERS_KEPT_S)

    async def report(self) -> OperationsReport:
        """The report now, in three seconds at most. What cannot be read is missing from it, and the rest is there."""
        missing: list[MissingShape] = []
        api, drains, letters = await asyncio.gather(
            _part("api", self._api.get, missing),
            _part("drains", self._drains.get, missing),
            _part("dead_letters", self._counts.get if self.letters.bucket.is_configured else None, missing),
        )
        cost = None
        if api is None:
            _lack(missing, "cost", "being_read")
        else:
            cost = cost_of(
                sizes=self._watch.sizes(), accepted_per_s=api.accepted_per_s, shards=len(api.shards), drains=drains
            )
        found = findings(api, drains, letters, missing)
        return OperationsReport(
            at=now(),
            state=worst(found),
            findings=found,
            api=api,
            drains=drains,
            dead_letters=letters,
            cost=cost,
            missing=missing,
        )


@asynccontextmanager
async def open_report(parts: ProcessParts) -> AsyncIterator[ReportDesk]:
    """The desk of reports, with the desk of dead letters, which sends by the producer of the process."""
    seal = None if parts.settings.dead_letter_key is None else Seal.of(parts.settings)
    async with LakeBucket.of(parts.aws) as bucket:
        desk = ReportDesk(parts, LetterDesk(bucket, seal, parts.producer))
        try:
            yield desk
        finally:
            await desk.drains.close()


def _shared(read: Callable[[], Awaitable[T]], kept_s: float) -> RecentRead[T]:
    return RecentRead(read, lambda _: kept_s, read_s_max=PART_S_MAX, waits_max=WAITS_MAX)


async def _part(part: Part, read: Callable[[], Awaitable[T | None]] | None, missing: list[MissingShape]) -> T | None:
    """A part; None, with the reason among what is missing, where it cannot be read."""
    if read is None:
        _lack(missing, part, "not_configured")
        return None
    try:
        found = await read()
    except (*STORE_ERRORS, TxnError, ValueError) as error:
        _log.warning("operations_part_not_read", part=part, error=code_of(error))
        _lack(missing, part, "store_unavailable")
        return None
    if found is None:
        _lack(missing, part, "being_read")
    return found


def _lack(missing: list[MissingShape], part: Part, reason: Lack) -> None:
    missing.append(MissingShape(part=part, reason=reason))
