"""Records of idempotency keys in memory: what becomes of each call can be decided by a test."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from botocore.exceptions import ReadTimeoutError

from txn_core.idempotency import Record, RecordId

LATE_S = 3.0


class Fault(Enum):
    """What goes wrong with a call."""

    NOTHING = auto()
    REFUSED = auto()  # it is not carried out
    ANSWER_LOST = auto()  # it is carried out
    HANGS = auto()  # it is not carried out, and nobody says so
    LATE = auto()  # it is carried out, if still allowed, long after its sender was told that it failed


@dataclass
class MemoryRecords:
    """Writes are conditional as those of the table in DynamoDB are; `faults` befall the next calls in turn."""

    stored: dict[RecordId, Record] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None  # runs before each call is carried out

    async def create(self, record: Record) -> Record | None:
        return await self._call(record, lambda: record.id not in self.stored)

    async def replace(self, seen: Record, record: Record) -> Record | None:
        return await self._call(record, lambda: self._token(record.id) == seen.token)

    async def find(self, record_id: RecordId) -> Record | None:
        return self.stored.get(record_id)

    def _token(self, record_id: RecordId) -> str | None:
        stored = self.stored.get(record_id)
        return None if stored is None else stored.token

    async def _call(self, record: Record, allowed: Callable[[], bool]) -> Record | None:
        fault = self.faults.pop(0) if self.faults else Fault.NOTHING
        await asyncio.sleep(0)
        if self.before is not None:
            await self.before()
        if fault is Fault.HANGS:
            await asyncio.Event().wait()
        if fault is Fault.LATE:
            asyncio.get_running_loop().call_later(LATE_S, self._put, record, allowed)
        elif fault is not Fault.REFUSED:
            self._put(record, allowed)
        if fault is not Fault.NOTHING:
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1:1")
        return self.stored.get(record.id)

    def _put(self, record: Record, allowed: Callable[[], bool]) -> None:
        if allowed():
            self.stored[record.id] = record
