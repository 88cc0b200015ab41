"""A call as it came in: the request, and what its signature says of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl, unquote, urlsplit

_SCOPE: Final = re.compile(r"Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request")
_TARGET: Final = "x-amz-target"


class UnknownCallError(ValueError):
    """A call whose rights are not known here, and which is therefore refused."""


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A signed request.

    Attributes:
        path: as it stands in the request, percent-encoded.
        headers: by lower-case names.
        access_key: whose signature it is; empty for a call that is not signed.
        service: `kinesis`, `dynamodb`, `s3`, ..., as the scope of the signature says.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    access_key: str
    region: str
    service: str

    @classmethod
    def parse(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Self:
        """Read a request; `target` is path and query as sent."""
        lower = {name.lower(): value for name, value in headers.items()}
        url = urlsplit(target)
        signed = _SCOPE.search(lower.get("authorization", ""))
        access_key, region, service = signed.groups() if signed else ("", "", "")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        return cls(method, url.path, query, lower, body, access_key, region, service)

    @property
    def operation(self) -> str:
        """The operation of a call in the JSON protocol; empty for another."""
        return self.headers.get(_TARGET, "").rpartition(".")[2]

    @property
    def document(self) -> dict[str, Any]:
        """The body of a call in the JSON protocol."""
        parsed: dict[str, Any] = json.loads(self.body or b"{}")
        return parsed

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        """Bucket and key of a call to S3 that names the bucket in its path; both may be empty."""
        bucket, _, key = unquote(self.path).lstrip("/").partition("/")
        return bucket, key

    @property
    def over_tls(self) -> bool:
        """Whether the call counts as one over TLS, as calls to AWS are; a test says `http` for one that is not."""
        return self.headers.get("x-forwarded-proto", "https") == "https"
