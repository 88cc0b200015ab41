"""PutRecords without botocore's layers around the call, which take most of a small call's CPU time.

The wire stays that of the client, with its pool, its proxies, its TLS and its errors; what is left out is the way
from parameters to a signed request and back. Whatever goes wrong ends in the same exceptions.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from aiobotocore.credentials import AioCredentials
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from pydantic_core import from_json, to_json

from txn_core.sigv4 import signed_headers

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient
    from types_aiobotocore_kinesis.type_defs import PutRecordsOutputTypeDef, PutRecordsRequestEntryTypeDef

SERVICE: Final = "kinesis"
_HEADERS: Final = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecords"}


class DirectClient:
    """A Kinesis client: PutRecords its own way, and all other calls as they are."""

    def __init__(self, client: "KinesisClient", credentials: AioCredentials | None) -> None:
        """Take an open client, whose wire is used and not owned, and the credentials that it signs with."""
        self._client, self._credentials = client, credentials
        self._wire: AIOHTTPSession = cast("Any", client)._endpoint.http_session  # noqa: SLF001 - ADR 9
        self._url, self._region = f"{client.meta.endpoint_url.rstrip('/')}/", client.meta.region_name
        self._host = urlsplit(self._url).netloc

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
        if self._credentials is None:
            raise NoCredentialsError
        body = _body(StreamName, Records)
        headers = signed_headers(
            _HEADERS,
            body,
            host=self._host,
            service=SERVICE,
            region=self._region,
            credentials=await self._credentials.get_frozen_credentials(),
            at=datetime.now(UTC),
        )
        request = AWSPreparedRequest("POST", self._url, cast("Any", headers), body, stream_output=False)
        response = await self._wire.send(request)
        content = await response.content
        if response.status_code >= 300:
            raise _refusal(response.status_code, content)
        try:
            return cast("PutRecordsOutputTypeDef", _document(content))
        except (ValueError, TypeError) as error:
            raise ResponseParserError("PutRecords: the answer is no JSON object") from error


def _body(stream: str, records: Sequence["PutRecordsRequestEntryTypeDef"]) -> bytes:
    entries = [
        b'{"Data":"%b",%b' % (b2a_base64(cast("bytes", record["Data"]), newline=False), _keys(record)[1:])
        for record in records
    ]
    return b'{"StreamName":%b,"Records":[%b]}' % (to_json(stream), b",".join(entries))


def _keys(record: "PutRecordsRequestEntryTypeDef") -> bytes:
    return to_json({name: value for name, value in record.items() if name != "Data"})


def _document(content: bytes) -> dict[str, Any]:
    document = from_json(content or b"{}")
    if not isinstance(document, dict):
        raise TypeError
    return document


def _refusal(status: int, content: bytes) -> ClientError:
    """The error that an answer of 300 or more says, by the rules of AWS' JSON protocol 1.1."""
    try:
        document = _document(content)
    except (ValueError, TypeError):
        document = {}
    code = str(document.get("__type", status)).partition(":")[0].rpartition("#")[2]
    message = str(document.get("message", document.get("Message", "")))
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": cast("Any", {"HTTPStatusCode": status})},
        "PutRecords",
    )
