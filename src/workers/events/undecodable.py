"""How many dead letters a record of the stream leaves whose sub-records are no events.

An aggregate of a foreign producer may hold a hundred thousand sub-records in one mebibyte. When none of them is an
event, the record is one letter. When some are, each of the others has a letter of its own up to a bound, since those
are looked at and sent again one by one; beyond the bound they are one letter, too: a letter costs a request, and a
shard is not to stand still for hours for what whoever writes to the stream can put there in a second.

Which it is follows from the record alone, not from the part of it that a flush or a checkpoint cut off. So the index
and the archive leave the same letters, and a letter is put again under its name by whoever comes to another part.
"""

import asyncio
from typing import Final, NamedTuple

from txn_core.exceptions import EventError
from txn_core.kinesis.aggregation import unpack
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.positions import SequenceNumber
from workers.events.dead_letters import DeadLetterBox
from workers.events.decoding import decode
from workers.leases.sub_records import SubRecords

LETTERS_A_RECORD_MAX: Final = 100
CODES_MAX: Final = 3


class UndecodableRecord(NamedTuple):
    """A record of the stream, whole, of which some sub-records are no events; `code` says what is wrong with them."""

    record: StreamRecord
    code: str
    subs: SubRecords


def kept_whole(run: RecordRun) -> UndecodableRecord | None:
    """The record in which a run of events came, when those that are no events are one letter; None when they are not.

    Reads every sub-record, also those outside the run: up to a second of work for a mebibyte.
    """
    if not run.in_aggregate:
        return None
    users = unpack(run.data, "")
    places = zip(users.begins, users.ends, strict=True)
    wrong = {sub: code for sub, place in enumerate(places) if (code := _fault(run, sub, slice(*place))) is not None}
    if len(wrong) <= LETTERS_A_RECORD_MAX and len(wrong) < len(users.ends):
        return None
    codes = list(dict.fromkeys(wrong.values()))
    said = "; ".join([*codes[:CODES_MAX], *(["..."] if len(codes) > CODES_MAX else [])])
    subs = SubRecords.of(wrong)
    return UndecodableRecord(StreamRecord(run.data, run.position_of(subs.first), run.arrived_at), said, subs)


def _fault(run: RecordRun, sub: int, place: slice) -> str | None:
    """What is wrong with a sub-record; None when it is an event."""
    try:
        decode(StreamRecord(run.data[place], run.position_of(sub), run.arrived_at))
    except EventError as error:
        return str(error)
    return None


class SettingApart:
    """Sets the records of a stretch apart that are no events, each in whichever letter it belongs into."""

    def __init__(self, dead_letters: DeadLetterBox, records: RecordBatch) -> None:
        self._dead_letters = dead_letters
        self._runs = {run.sequence_number: run for run in records.runs if run.in_aggregate}
        self._whole: dict[SequenceNumber, bool] = {}
        self._deciding = asyncio.Lock()

    async def keep(self, record: StreamRecord, error: EventError) -> None:
        """Return when a record that is no event is in a letter. Several may be kept at once."""
        run = self._runs.get(record.position.sequence_number)
        if run is None or not await self._is_kept_whole(run):
            await self._dead_letters.undecodable(record, str(error))

    async def _is_kept_whole(self, run: RecordRun) -> bool:
        """Whether a run's record is one letter; it is durable then."""
        async with self._deciding:
            if run.sequence_number not in self._whole:
                if (whole := await asyncio.to_thread(kept_whole, run)) is not None:
                    await self._dead_letters.undecodable(*whole)
                self._whole[run.sequence_number] = whole is not None
        await asyncio.sleep(0)  # of a record there may be a hundred thousand, and others want their turn
        return self._whole[run.sequence_number]
