"""Calls to AWS as botocore sends them, and which rights they need, without a network."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from devkit.aws_account.account import Account
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.proxy import with_transport
from devkit.aws_account.rights.calls import SignedCall
from devkit.aws_account.rights.json_rights import json_rights
from devkit.aws_account.rights.s3_rights import s3_rights
from devkit.aws_account.rights.stream_tokens import StreamTokens


@dataclass(slots=True)
class CallReader:
    """Reads the rights that calls need from what botocore would send."""

    account: Account
    _clients: dict[str, Any] = field(default_factory=dict)
    _sent: list[SignedCall] = field(default_factory=list)

    def rights(
        self, service: str, operation: str, parameters: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> list[Right]:
        """The rights that one call needs.

        Args:
            service: the name of botocore's client.
            operation: a method of it.
            parameters: what the method gets.
            headers: what the request has besides, as a proxy before the service would add it.
        """
        self._sent.clear()
        client = self._client(service)
        getattr(client, operation)(**parameters)
        (call,) = self._sent
        call = replace(call, headers={**call.headers, **{name.lower(): one for name, one in (headers or {}).items()}})
        found = s3_rights(call) if service == "s3" else json_rights(call, self.account.number, StreamTokens())
        return [with_transport(right, call) for right in found]

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            session = botocore.session.Session()
            session.set_credentials("AKIA0000", "secret")
            made = session.create_client(
                service,
                region_name=self.account.region,
                endpoint_url="http://127.0.0.1:9",
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
            made.meta.events.register("before-send", self._note)
            self._clients[service] = made
        return self._clients[service]

    def _note(self, request: AWSPreparedRequest, **_: object) -> Any:
        headers = {name: _text(value) for name, value in request.headers.items()}
        given: Any = request.body or b""
        body = given.encode() if isinstance(given, str) else given if isinstance(given, bytes) else given.read()
        target = request.url.partition("127.0.0.1:9")[2]
        self._sent.append(SignedCall.parse(request.method, target, headers, body))
        return AWSResponse(request.url, 200, HTTPHeaders(), _Nothing())


class _Nothing:
    """The body of an answer that holds nothing."""

    def stream(self, **_: object) -> Iterator[bytes]:
        return iter(())


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def no_profile() -> Iterator[None]:
    """Keep the files of a real account out for the time of the block."""
    with mock.patch.dict(os.environ, AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull):
        yield
