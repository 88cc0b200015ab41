"""Dead letters in a real bucket, left there as workers leave them."""

from dataclasses import dataclass
from datetime import datetime

from devkit.user_records import UserRecord

from tests.builders import ARRIVED_AT, SHARD, position
from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.aggregation import aggregate, unpack
from txn_core.kinesis.record_batch import RecordRun, StreamRecord
from txn_core.positions import SequenceNumber, WriteOrder
from txn_core.settings import Settings
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.events.undecodable import kept_whole
from workers.metrics import WorkerMetrics


@dataclass(frozen=True)
class Boxes:
    """The boxes of both kinds of workers on one stream."""

    store: ObjectStore
    settings: Settings

    def of(self, worker: str) -> DeadLetterBox:
        return DeadLetterBox(self.store, Seal.of(self.settings), worker, self.settings.stream, WorkerMetrics(worker))

    async def undecodable(
        self, number: int, data: bytes = b"poison", *, at: datetime = ARRIVED_AT, workers: str = "index archive"
    ) -> None:
        for worker in workers.split():
            await self.of(worker).undecodable(StreamRecord(data, position(number), at), "json_invalid at /")

    async def undecodable_record(self, number: int, *data: bytes, workers: str = "index archive") -> None:
        """A record of these sub-records, kept whole."""
        users = unpack(aggregate([UserRecord("key", one) for one in data], "0"), "")
        run = RecordRun(SHARD, SequenceNumber(str(number)), 0, ARRIVED_AT, users.data, users.begins, users.ends)
        whole = kept_whole(run)
        assert whole is not None
        for worker in workers.split():
            await self.of(worker).undecodable(*whole)

    async def unwritable(self, number: int, data: bytes, *, at: datetime = ARRIVED_AT, sub: int = 0) -> None:
        await self.of("index").unwritable(StreamRecord(data, position(number, sub), at), "ValidationException")

    async def conflict(self, order: WriteOrder, data: bytes) -> None:
        await self.of("index").conflict(order, data)
