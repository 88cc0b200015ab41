"""The port through which a drain shows that it has settled a record, for a reconciliation that rereads minutes."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.settings import Settings

RECORDS_MAX: Final = 100
"""Records that are asked about at once: as many as one call of DynamoDB reads (BatchGetItem)."""


class Evidence(Protocol):
    """What a drain has stored, as evidence of the records that it has processed."""

    async def faults(self, records: Sequence[StreamRecord]) -> Sequence[str | None]:
        """What is wrong with each record, such as `missing_in_index`, or None when the drain has settled the record.

        There are `RECORDS_MAX` records at most. The drain's checkpoint covers them, and the drain has set none of
        them apart as a dead letter. The call only reads and may be repeated.

        Raises:
            ClientError, OSError: a store does not answer, or refuses.
        """


OpenEvidence = Callable[[Settings, DynamoDBClient, ObjectStore], Coroutine[Any, Any, Evidence]]
