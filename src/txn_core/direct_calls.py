"""Calls in AWS' JSON protocol without botocore's layers around them, which take most of a small call's CPU time.

The wire stays that of an ordinary client, with its pool, its proxies, its TLS and its errors; what is left out is the
way from parameters to a signed request and back. Whatever goes wrong ends in the same exceptions (ADR 9).
"""

from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

from aiobotocore.client import AioBaseClient
from aiobotocore.credentials import AioCredentials
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from pydantic_core import from_json

from txn_core.sigv4 import signed_headers


class DirectCalls:
    """Calls one service by the wire of an open client, which is used and not owned."""

    def __init__(self, client: AioBaseClient, credentials: AioCredentials | None) -> None:
        """Take a client of a service that speaks the JSON protocol, and the credentials that it signs with."""
        self._credentials = credentials
        self._errors = client.exceptions
        self.wire: AIOHTTPSession = cast("Any", client)._endpoint.http_session  # noqa: SLF001 - ADR 9
        model = client.meta.service_model
        self._service, self._target = model.signing_name, f"{model.metadata['targetPrefix']}."
        self._content_type: Final = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        self._url, self._region = f"{client.meta.endpoint_url.rstrip('/')}/", client.meta.region_name
        self._host = urlsplit(self._url).netloc

    async def call(self, operation: str, body: bytes) -> dict[str, Any]:
        """The answer to a request's body, as JSON has it: bytes stay base64.

        Raises:
            ClientError: the service refused or failed, by the class that the client has for its code.
            BotoCoreError: as of any client: no credentials, no connection, no answer in time, none to be read.
        """
        if self._credentials is None:
            raise NoCredentialsError
        headers = signed_headers(
            {"content-type": self._content_type, "x-amz-target": self._target + operation},
            body,
            host=self._host,
            service=self._service,
            region=self._region,
            credentials=await self._credentials.get_frozen_credentials(),
            at=datetime.now(UTC),
        )
        request = AWSPreparedRequest("POST", self._url, cast("Any", headers), body, stream_output=False)
        response = await self.wire.send(request)
        content = await response.content
        if response.status_code >= 300:
            raise self._refusal(operation, response.status_code, content)
        try:
            return _document(content)
        except (ValueError, TypeError) as error:
            raise ResponseParserError(f"{operation}: the answer is no JSON object") from error

    def _refusal(self, operation: str, status: int, content: bytes) -> ClientError:
        """The error that an answer of 300 or more says, by the rules of AWS' JSON protocol."""
        try:
            document = _document(content)
        except (ValueError, TypeError):
            document = {}
        code = str(document.get("__type", status)).partition(":")[0].rpartition("#")[2]
        message = str(document.get("message", document.get("Message", "")))
        answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        kind: type[ClientError] = cast("Any", self._errors).from_code(code)
        return kind(cast("Any", answer), operation)


def _document(content: bytes) -> dict[str, Any]:
    document = from_json(content or b"{}", cache_strings="keys")
    if not isinstance(document, dict):
        raise TypeError
    return document
