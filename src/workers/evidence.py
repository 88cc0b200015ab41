"""The port through which a drain shows that it has settled a record, for a reconciliation that rereads minutes."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient


class Evidence(Protocol):
    """What a drain has stored, as evidence of the records that it has processed."""

    async def fault(self, record: StreamRecord) -> str | None:
        """What is wrong with a record, such as `missing_in_index`, or None when the drain has settled the record.

        The drain's checkpoint covers the record, and the drain has not set the record apart as a dead letter. The
        call only reads and may be repeated.

        Raises:
            ClientError, OSError: a store does not answer, or refuses.
        """


OpenEvidence = Callable[[Settings, "DynamoDBClient", ObjectStore], Coroutine[Any, Any, Evidence]]
