"""A Kinesis client whose PutRecords calls take a direct way (`txn_core.aws.json_calls`)."""

from binascii import b2a_base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from aiobotocore.credentials import AioCredentials
from pydantic_core import to_json

from txn_core.aws.http import Wire
from txn_core.aws.json_calls import JsonCalls

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import PutRecordsOutputTypeDef, PutRecordsRequestEntryTypeDef


class DirectClient:
    """A Kinesis client: PutRecords its own way, and all other calls as they are."""

    def __init__(self, client: "KinesisClient", credentials: AioCredentials | None, wire: Wire | None = None) -> None:
        """Take an open client, the credentials that it signs with, and a wire, by default its own; owns neither."""
        self._client, self._calls = client, JsonCalls(cast("Any", client), credentials, wire)

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    async def put_records(
        self,
        *,
        StreamName: str,  # noqa: N803 - AWS' names
        Records: Sequence["PutRecordsRequestEntryTypeDef"],  # noqa: N803
    ) -> "PutRecordsOutputTypeDef":
        """Put records on a stream.

        Raises:
            ClientError: Kinesis refused or failed.
            BotoCoreError: as of any client: no credentials, no connection, no answer in time, none to be read.
        """
        return cast("PutRecordsOutputTypeDef", await self._calls.call("PutRecords", _body(StreamName, Records)))


def _body(stream: str, records: Sequence["PutRecordsRequestEntryTypeDef"]) -> bytes:
    entries = [
        b'{"Data":"%b",%b' % (b2a_base64(cast("bytes", record["Data"]), newline=False), _keys(record)[1:])
        for record in records
    ]
    return b'{"StreamName":%b,"Records":[%b]}' % (to_json(stream), b",".join(entries))


def _keys(record: "PutRecordsRequestEntryTypeDef") -> bytes:
    return to_json({name: value for name, value in record.items() if name != "Data"})
