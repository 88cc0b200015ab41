"""A Kinesis client whose PutRecords calls take a direct way (`txn_core.aws.json_calls`)."""

from binascii import b2a_base64
from collections.abc import Sequence
from typing import cast

from pydantic_core import to_json

from txn_core.aws.json_calls import JsonCalls
from txn_core.aws.types import PutRecordsOutputTypeDef, PutRecordsRequestEntryTypeDef


class DirectClient(JsonCalls):
    """A Kinesis client: PutRecords its own way, and all other calls as they are."""

    async def put_records(
        self,
        *,
        StreamName: str,  # noqa: N803 - AWS' names
        Records: Sequence[PutRecordsRequestEntryTypeDef],  # noqa: N803
    ) -> PutRecordsOutputTypeDef:
        """Put records on a stream.

        Raises:
            ClientError: Kinesis refused or failed.
            BotoCoreError: as of any client: no credentials, no connection, no answer in time, none to be read.
        """
        return cast("PutRecordsOutputTypeDef", await self.call("PutRecords", _body(StreamName, Records)))


def _body(stream: str, records: Sequence[PutRecordsRequestEntryTypeDef]) -> bytes:
    entries = [
        b'{"Data":"%b",%b' % (b2a_base64(cast("bytes", record["Data"]), newline=False), _keys(record)[1:])
        for record in records
    ]
    return b'{"StreamName":%b,"Records":[%b]}' % (to_json(stream), b",".join(entries))


def _keys(record: PutRecordsRequestEntryTypeDef) -> bytes:
    return to_json({name: value for name, value in record.items() if name != "Data"})
