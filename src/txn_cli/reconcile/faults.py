"""What is wrong with a position, decided from what the views hold of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from txn_core.kinesis.record_batch import Arrived
from txn_core.positions import Position, ShardId
from txn_core.transactions.identity import TransactionId
from workers.leases.ledger import Minute, minute_of

FaultKind = Literal[
    "missing_in_index",
    "missing_in_lake",
    "doubled_in_lake",
    "not_on_stream",
    "conflict_not_kept",
    "unexplained_in_index",
    "unexplained_in_lake",
]

EXPLANATIONS: Final[dict[FaultKind, str]] = {
    "missing_in_index": "neither indexed nor kept as undecodable",
    "missing_in_lake": "neither in the lake nor kept as undecodable",
    "doubled_in_lake": "more than one row of the lake",
    "not_on_stream": "a row of the lake that the stream does not know",
    "conflict_not_kept": "other content than the first under its id, and in no dead letter",
    "unexplained_in_index": "the ledger of the index says otherwise than stream and lake",
    "unexplained_in_lake": "the ledger of the archive says otherwise than the lake",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something missing or doubled. Without a position it concerns the whole minute."""

    kind: FaultKind
    shard_id: ShardId
    minute: Minute
    position: Position | None = None
    transaction_id: TransactionId | None = None

    def document(self) -> dict[str, object]:
        """The fault as JSON values."""
        where = self.position
        return {
            "kind": self.kind,
            "shard_id": self.shard_id,
            "minute": self.minute,
            "sequence_number": None if where is None else where.sequence_number,
            "sub_sequence_number": None if where is None else where.sub_sequence_number,
            "transaction_id": self.transaction_id,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of some minutes: `stream` is none when it no longer holds them; letters are the archive's."""

    stream: list[Arrived] | None
    lake: list[Arrived]
    letters: list[Arrived]

    def within(self, minute: Minute) -> "Found":
        """What was found of one of the minutes."""
        stream = None if self.stream is None else _of(minute, self.stream)
        return Found(stream, _of(minute, self.lake), _of(minute, self.letters))

    def only(self, judged: Callable[[Position], bool]) -> "Found":
        """Without what says nothing of the workers, such as a straggler that one of them has still to read."""
        stream, lake, letters = (
            None if records is None else [record for record in records if judged(record.position)]
            for records in (self.stream, self.lake, self.letters)
        )
        return Found(stream, lake or [], letters or [])

    def events(self) -> list[Arrived]:
        """Each record whose bytes are known, once, in the order of the shard."""
        every = {record.position.within_shard(): record for record in [*self.lake, *(self.stream or ())]}
        return [every[place] for place in sorted(every)]

    def archived(self) -> list[Arrived]:
        """What the archive has made durable, each position once."""
        every = {record.position.within_shard(): record for record in [*self.lake, *self.letters]}
        return list(every.values())

    def lake_faults(self) -> Iterator[tuple[FaultKind, Arrived]]:
        """What is wrong with the lake."""
        rows = Counter(row.position.within_shard() for row in self.lake)
        letters = {letter.position.within_shard() for letter in self.letters}
        on_stream = None if self.stream is None else {record.position.within_shard() for record in self.stream}
        for record in self.events():
            place = record.position.within_shard()
            if not rows[place] and place not in letters:
                yield "missing_in_lake", record
            if rows[place] > 1:
                yield "doubled_in_lake", record
            if on_stream is not None and place not in on_stream:
                yield "not_on_stream", record


def _of(minute: Minute, records: Iterable[Arrived]) -> list[Arrived]:
    return [record for record in records if minute_of(record.arrived_at) == minute]
