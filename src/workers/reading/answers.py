"""What Kinesis answers, read with the members that it guarantees and no other.

The API reference marks of a record `SequenceNumber`, `Data` and `PartitionKey` as required, and
`ApproximateArrivalTimestamp` not. But the models of the SDKs say of a stream with the record distribution `AUTO` that
a record without a key comes back without one, and servers beside AWS leave out more. So the sequence number alone is
relied on: it is the record's place, and without it there is no checkpoint, no row and no dead letter. A missing key
is not missed, missing data is none, and a record that does not say when it arrived has arrived at `UNKNOWN_ARRIVAL`:
a moment that is the same for every reader, since ledgers and objects are kept by arrival.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from txn_core.positions import SequenceNumber

UNKNOWN_ARRIVAL: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BrokenAnswerError(ConnectionError):
    """An answer without what it is about. It passes for one that was cut off: the same call is made again."""


def required(answer: Mapping[str, Any], member: str) -> Any:
    """A member of an answer that nothing can be done without.

    Raises:
        BrokenAnswerError: the answer lacks it.
    """
    if (value := answer.get(member)) is None:
        raise BrokenAnswerError(f"an answer of Kinesis lacks {member}")
    return value


def raw_records(answer: Mapping[str, Any]) -> Sequence[Any]:
    """The records of a GetRecords answer, each of which has its place.

    Raises:
        BrokenAnswerError: one has none.
    """
    records: Sequence[Any] = answer.get("Records") or ()
    for record in records:
        sequence_number_of(record)
    return records


def sequence_number_of(record: Mapping[str, Any]) -> SequenceNumber:
    """The place of a record in its shard.

    Raises:
        BrokenAnswerError: the record has none.
    """
    number = record.get("SequenceNumber")
    if not (isinstance(number, str) and number.isascii() and number.isdecimal()):
        raise BrokenAnswerError("a record of Kinesis lacks its sequence number")
    return SequenceNumber(number)


def data_of(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record; none where it lacks them, which is no event and becomes a dead letter."""
    return record.get("Data") or b""


def arrival_of(record: Mapping[str, Any]) -> datetime:
    """When a record arrived (UTC); `UNKNOWN_ARRIVAL` where it does not say."""
    arrived_at: datetime | None = record.get("ApproximateArrivalTimestamp")
    return UNKNOWN_ARRIVAL if arrived_at is None else arrived_at.astimezone(UTC)
