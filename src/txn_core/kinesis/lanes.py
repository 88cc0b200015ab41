"""The producer's buffer: records waiting in lanes, of which each has at most one record under way.

A lane is what must stay in order, here one card. PutRecords goes on with later records after one has failed, so
order holds only while a lane's previous record is settled before its next one is sent.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from txn_core.positions import SequenceNumber, ShardId

# Limits of PutRecords (AWS API reference): records and bytes a request, bytes a record; partition keys count.
REQUEST_RECORDS_MAX: Final = 500
REQUEST_BYTES_MAX: Final = 5 << 20
RECORD_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the stream put a record."""

    shard_id: ShardId
    sequence_number: SequenceNumber


class State(Enum):
    """Where a record is on its way."""

    QUEUED = auto()
    IN_FLIGHT = auto()
    SETTLED = auto()


@dataclass(slots=True, eq=False)
class Pending:
    """A record on its way, and whoever waits for it."""

    key: str
    data: bytes
    deadline: float  # the event loop's clock, seconds
    answer: "asyncio.Future[Landing]"
    state: State = State.QUEUED
    ambiguous: bool = False  # some attempt may have been stored
    attempts: int = 0
    errors: list[str] = field(default_factory=list)
    size: int = field(init=False)  # bytes that count against Kinesis' limits and ours

    def __post_init__(self) -> None:
        self.size = len(self.key) + len(self.data)


class Lanes:
    """Queues by key, and the keys whose first record may be sent now, oldest first."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[Pending]] = {}
        self._ready: deque[str] = deque()
        self._busy: set[str] = set()

    @property
    def ready(self) -> bool:
        """Whether a record may be sent now."""
        return bool(self._ready)

    def add(self, record: Pending) -> None:
        """Queue a record behind those of its lane."""
        queue = self._queues.get(record.key)
        if queue is None:
            self._queues[record.key] = deque((record,))
            if record.key not in self._busy:
                self._ready.append(record.key)
        else:
            queue.append(record)

    def take(self) -> list[Pending]:
        """Take one record each of the lanes that are ready, as much as one request may hold."""
        batch: list[Pending] = []
        size = 0
        while self._ready and len(batch) < REQUEST_RECORDS_MAX:
            key = self._ready[0]
            record = self._first_unsettled(key)
            if record is not None:
                if size + record.size > REQUEST_BYTES_MAX:
                    self.put_back(record)
                    break
                size += record.size
                record.state = State.IN_FLIGHT
                self._busy.add(key)
                batch.append(record)
            self._ready.popleft()
        return batch

    def put_back(self, record: Pending) -> None:
        """Return a record to the head of its lane, which stays closed until `release`."""
        record.state = State.QUEUED
        self._queues.setdefault(record.key, deque()).appendleft(record)

    def release(self, key: str) -> None:
        """Open a lane again whose record is settled or may be sent anew."""
        self._busy.discard(key)
        if key in self._queues:
            self._ready.append(key)

    def _first_unsettled(self, key: str) -> Pending | None:
        """Pop the lane's first record that still waits; a lane that runs empty is forgotten."""
        queue = self._queues[key]
        record = None
        while queue and record is None:
            candidate = queue.popleft()
            record = candidate if candidate.state is State.QUEUED else None
        if not queue:
            del self._queues[key]
        return record
