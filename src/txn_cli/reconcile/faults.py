"""What is wrong with a position, decided from what stream, lake and dead letters hold of it.

The kinds of faults are:
- `missing_in_lake`: neither in the lake nor kept as undecodable
- `doubled_in_lake`: more than one row of the lake
- `not_on_stream`: a row of the lake that the stream does not know
- `unexplained_in_lake`: the ledger of the archive says otherwise than the lake
- `unexplained_in_VIEW`: the ledger of the view says otherwise than the stream
- what the evidence of a view says, such as `missing_in_index`: neither indexed nor kept as undecodable, or
  `conflict_not_kept`: other content than the first under its id, and in no dead letter
- `missing_in_landing`, `doubled_in_landing`: not among the positions of the warehouse, or there more than once
- `extra_in_landing`: a position of the warehouse that neither stream nor lake has
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position, ShardId
from txn_core.transactions.event import Event
from txn_core.transactions.identity import TransactionId
from workers.leases.ledger import Minute, minute_of


@dataclass(frozen=True, slots=True)
class Fault:
    """Something missing or doubled. Without a position the fault concerns the whole minute, and `why` says more."""

    kind: str
    shard_id: ShardId
    minute: Minute
    position: Position | None = None
    transaction_id: TransactionId | None = None
    why: str = ""

    @classmethod
    def at(cls, kind: str, record: StreamRecord) -> Self:
        """The fault of a record, with the transaction id that the record's bytes tell, if any."""
        try:
            transaction_id = Event.decode(record.data).transaction_id
        except EventError:
            transaction_id = None
        return cls(kind, record.position.shard_id, minute_of(record.arrived_at), record.position, transaction_id)

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
    """What was found of some minutes: `stream` is None when it no longer holds them; letters are the archive's."""

    stream: list[StreamRecord] | None
    lake: list[StreamRecord]
    dead_letters: list[StreamRecord]

    def within(self, minute: Minute) -> "Found":
        """What was found of one of the minutes."""
        return self._filtered(lambda record: minute_of(record.arrived_at) == minute)

    def only(self, judged: Callable[[Position], bool]) -> "Found":
        """The part that a drain is judged by: not, for instance, a straggler that the drain has still to read."""
        return self._filtered(lambda record: judged(record.position))

    def _filtered(self, wanted: Callable[[StreamRecord], bool]) -> "Found":
        stream, lake, dead_letters = (
            None if records is None else list(filter(wanted, records))
            for records in (self.stream, self.lake, self.dead_letters)
        )
        return Found(stream, lake or [], dead_letters or [])

    def events(self) -> list[StreamRecord]:
        """Each record whose bytes are known, once, in the order of the shard."""
        every = {record.position.within_shard(): record for record in [*self.lake, *(self.stream or ())]}
        return [every[place] for place in sorted(every)]

    def archived(self) -> list[StreamRecord]:
        """What the archive has made durable, each position once."""
        every = {record.position.within_shard(): record for record in [*self.lake, *self.dead_letters]}
        return list(every.values())

    def lake_faults(self) -> Iterator[Fault]:
        """What is wrong with the lake."""
        rows = Counter(row.position.within_shard() for row in self.lake)
        dead_letters = {letter.position.within_shard() for letter in self.dead_letters}
        on_stream = None if self.stream is None else {record.position.within_shard() for record in self.stream}
        for record in self.events():
            place = record.position.within_shard()
            if not rows[place] and place not in dead_letters:
                yield Fault.at("missing_in_lake", record)
            if rows[place] > 1:
                yield Fault.at("doubled_in_lake", record)
            if on_stream is not None and place not in on_stream:
                yield Fault.at("not_on_stream", record)
