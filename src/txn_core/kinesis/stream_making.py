"""Makes a stream as the settings want it, or finds it: what it lacks is added, and nothing is taken from it.

It is described before anything else is asked for, so that a process without the right to make or change streams finds
one that is as it should be.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, code_of, failure_of
from txn_core.aws.types import KinesisClient
from txn_core.settings import Settings

POLL_S: Final = 0.1
ON_DEMAND: Final = "ON_DEMAND"
_PASSING: Final = frozenset({"ResourceInUseException", "LimitExceededException"})
"""Somebody else was quicker, or the account makes as many streams as it may at once: it is looked at again."""


@dataclass(frozen=True, slots=True)
class StreamLayout:
    """A stream as it is wanted. Without shards it is on-demand; what is None stays as Kinesis makes it."""

    name: str
    shards: int | None
    retention_hours: int | None = None
    kms_key: str | None = None

    @property
    def request(self) -> dict[str, Any]:
        """The request of CreateStream."""
        if self.shards is None:
            return {"StreamName": self.name, "StreamModeDetails": {"StreamMode": ON_DEMAND}}
        return {"StreamName": self.name, "ShardCount": self.shards}

    def lacking(self, summary: Any) -> list[tuple[str, dict[str, Any]]]:
        """The calls of the client that bring an active stream to what is wanted, by its summary."""
        calls: list[tuple[str, dict[str, Any]]] = []
        if self.retention_hours is not None and summary["RetentionPeriodHours"] < self.retention_hours:
            calls.append(("increase_stream_retention_period", {"RetentionPeriodHours": self.retention_hours}))
        if self.kms_key is not None and summary.get("EncryptionType", "NONE") == "NONE":
            calls.append(("start_stream_encryption", {"EncryptionType": "KMS", "KeyId": self.kms_key}))
        return [(call, {"StreamName": self.name, **request}) for call, request in calls]


def transactions_layout(settings: Settings, name: str) -> StreamLayout:
    """A stream of transactions."""
    shards = settings.stream_shards if settings.stream_mode == "provisioned" else None
    return StreamLayout(name, shards, settings.stream_retention_hours, settings.stream_kms_key)


def alerts_layout(settings: Settings) -> StreamLayout:
    """The stream of alerts, which has one shard."""
    return StreamLayout(settings.alerts_stream, 1, settings.stream_retention_hours, settings.stream_kms_key)


async def make_stream(client: KinesisClient, layout: StreamLayout) -> None:
    """Return when the stream is as it is wanted; the caller bounds the time.

    Raises:
        ClientError: a call is refused.
    """
    made = False
    while True:
        if (summary := await _summary(client, layout.name)) is None:
            if not made:  # a stream that was only just asked for may not be known yet
                made = await _asked(client, "create_stream", layout.request)
        elif summary["StreamStatus"] == "ACTIVE":
            if not (lacking := layout.lacking(summary)):
                return
            await _asked(client, *lacking[0])
        elif summary["StreamStatus"] == "UPDATING" and not layout.lacking(summary):
            return  # it is resharded, and usable
        await asyncio.sleep(POLL_S)


async def _summary(client: KinesisClient, name: str) -> Any | None:
    try:
        answer = await client.describe_stream_summary(StreamName=name)
    except ClientError as error:
        if failure_of(error) is not Failure.NOT_FOUND:
            raise
        return None
    return answer["StreamDescriptionSummary"]


async def _asked(client: KinesisClient, call: str, request: dict[str, Any]) -> bool:
    """Whether a change was taken; false when it is to be asked for again."""
    try:
        await getattr(client, call)(**request)
    except ClientError as error:
        if code_of(error) not in _PASSING:
            raise
        return code_of(error) == "ResourceInUseException"
    return True
