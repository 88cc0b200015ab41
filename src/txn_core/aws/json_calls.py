"""Calls in AWS' JSON protocol without botocore's layers around them, which take most of a small call's CPU time.

What is left out is the way from parameters to a signed request and back, and on a wire of our own the client's way to
the socket, too. Whatever goes wrong ends in the same exceptions (ADR 9, ADR 21).
"""

import time
from typing import Any, Final, cast
from urllib.parse import urlsplit

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.parsers import ResponseParserError
from pydantic_core import from_json

from txn_core.aws.call_failures import SilenceNoted, note_answer, note_error
from txn_core.aws.http import Wire, clients_wire
from txn_core.aws.sigv4 import signed_headers

UNREADABLE: Final = (ValueError, TypeError, AttributeError, LookupError)


class JsonCalls:
    """A client of one service; whatever it does not call itself is called as the client does."""

    def __init__(
        self, client: Any, credentials: AioCredentials | None, wire: Wire | None = None, *, url: str | None = None
    ) -> None:
        """Take a client of a service that speaks the JSON protocol, and the credentials that it signs with.

        Calls go to the URL (`calls_url`) on the wire, by default on the client's. Neither is closed here.
        """
        url = url or client.meta.endpoint_url
        self._client, self._credentials, self._errors = client, credentials, client.exceptions
        model = client.meta.service_model
        self._service, self._target = model.signing_name, f"{model.metadata['targetPrefix']}."
        self._content_type: Final = f"application/x-amz-json-{model.metadata['jsonVersion']}"
        self._host, self._region = urlsplit(url).netloc, client.meta.region_name
        self.wire = wire or clients_wire(client, url)

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    async def call(self, operation: str, body: bytes) -> dict[str, Any]:
        """The answer to a request's body.

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
            at_s=time.time(),
        )
        try:
            with SilenceNoted(self._service):
                status, content = await self.wire.post(headers, body)
        except Exception as error:
            note_error(self._service, error)
            raise
        if status >= 300:
            raise self._refusal(operation, status, content)
        try:
            return self._read(content)
        except UNREADABLE as error:
            raise ResponseParserError(f"{operation}: the answer is no JSON object") from error

    def _refusal(self, operation: str, status: int, content: bytes) -> ClientError:
        """The error that an answer of 300 or more says, by the rules of AWS' JSON protocol."""
        try:
            document = self._read(content)
        except UNREADABLE:
            document = {}
        code = str(document.pop("__type", status)).partition(":")[0].rpartition("#")[2]
        note_answer(self._service, code, status)
        message = str(document.get("message", document.get("Message", "")))
        answer = {
            **document,  # the item that stood in a write's way, for one
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        kind: type[ClientError] = cast("Any", self._errors).from_code(code)
        return kind(cast("Any", answer), operation)

    def _read(self, content: bytes) -> dict[str, Any]:
        """An answer as JSON has it: bytes stay base64.

        Raises:
            UNREADABLE: it is no JSON object, or one that the service never sends.
        """
        document = from_json(content or b"{}", cache_strings="keys")
        if not isinstance(document, dict):
            raise TypeError
        return document
