"""When records expire. All wait equally long, so they expire in the order in which they came."""

from collections import deque
from typing import Final

from txn_core.kinesis.lane import SETTLED, Pending

SETTLED_KEPT_MAX: Final = 1_000


class Deadlines:
    """Records in the order of their deadlines; settled ones are forgotten soon, also behind one that is not."""

    def __init__(self) -> None:
        self._records: deque[Pending] = deque()

    def add(self, record: Pending, unsettled: int) -> None:
        """Note a record; so many records are not settled, this one among them."""
        if len(self._records) > 2 * unsettled + SETTLED_KEPT_MAX:
            self._records = deque(self.unsettled())
        self._records.append(record)

    def next_at(self) -> float | None:
        """The earliest deadline of a record that is not settled."""
        records = self._records
        while records and records[0].state is SETTLED:
            records.popleft()
        return records[0].deadline if records else None

    def expired(self, now: float) -> list[Pending]:
        """The records, not settled, whose deadline has come; they are forgotten."""
        found: list[Pending] = []
        while (deadline := self.next_at()) is not None and deadline <= now:
            found.append(self._records.popleft())
        return found

    def unsettled(self) -> list[Pending]:
        """Every record that is not settled."""
        return [record for record in self._records if record.state is not SETTLED]
