"""How far a stream goes, and whether each kind of worker has come so far, by its lease rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.chaos.judging.views import Place

NOTHING = (0, 0)


class Tips:
    """The last position of each shard. The stream is quiet: nothing more comes."""

    def __init__(self, shard_ids: Iterable[str], closed: set[str], places: Iterable[Place]) -> None:
        self._closed = closed
        self._last = dict.fromkeys(shard_ids, NOTHING)
        for place in places:
            here = place.sequence_number, place.sub_sequence_number
            self._last[place.shard_id] = max(self._last[place.shard_id], here)

    def reached(self, *kinds: Sequence[Any]) -> bool:
        """Whether the checkpoints of each kind's lease rows are at the last position of each open shard, and at the
        end of each closed one.
        """
        by_shard = [{row["leaseKey"]["S"]: row for row in rows} for rows in kinds]
        return all(self._is_done(shard_id, rows.get(shard_id)) for rows in by_shard for shard_id in self._last)

    @staticmethod
    def progress(*kinds: Sequence[Any]) -> list[tuple[object, ...]]:
        """How far the lease rows are: equal as long as nobody comes any further."""
        names = ("leaseKey", "checkpoint", "checkpointSubSequenceNumber")
        return [tuple(row[name] for name in names) for rows in kinds for row in rows]

    def _is_done(self, shard_id: str, row: Any) -> bool:
        if row is None:
            return False
        word = row["checkpoint"]["S"]
        if shard_id in self._closed:
            return bool(word == "SHARD_END")
        done = (int(word), int(row["checkpointSubSequenceNumber"]["N"])) if word.isdecimal() else NOTHING
        return done >= self._last[shard_id]
