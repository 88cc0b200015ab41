"""Where direct calls go and how they are signed, against botocore: FIPS, dual-stack, and the partitions of AWS.

What goes past botocore takes host, region and service from its client. Here both make the same call, and what would
have been sent is compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials

from txn_core.aws.clients import Aws
from txn_core.aws.sigv4 import signed_headers
from txn_core.settings import Settings

REGIONS: Final = ("us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1")
CALLS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "kinesis": ("put_records", {"StreamName": "txn", "Records": [{"Data": b"a", "PartitionKey": "k"}]}),
    "dynamodb": ("get_item", {"TableName": "txn", "Key": {"id": {"S": "a"}}}),
}
SECRET: Final = ReadOnlyCredentials("AKID", "secret", "token")


@dataclass
class Sent:
    """A request that was not sent: its URL, its headers by lower-case names, its body."""

    url: str
    headers: dict[str, str]
    body: bytes


class Recorder:
    """A wire that answers at once."""

    def __init__(self) -> None:
        self.sent: Mapping[str, str] = {}

    async def post(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self.sent = headers
        return 200, b"{}"


async def sent_by_botocore(client: Any, service: str) -> Sent:
    """What the ordinary client would have sent."""
    kept: list[Sent] = []

    def keep(request: Any, **_: object) -> NoReturn:
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value
            for name, value in request.headers.items()
        }
        kept.append(Sent(request.url, headers, request.body))
        raise _NotSentError

    call, request = CALLS[service]
    client.meta.events.register("before-send", keep)
    with pytest.raises(_NotSentError):
        await getattr(client._client, call)(**request)
    return kept[0]


class _NotSentError(Exception):
    pass


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("dual_stack", [False, True])
@pytest.mark.parametrize("service", CALLS)
async def test_a_direct_call_goes_where_botocores_would_and_is_signed_alike(
    own_environment: pytest.MonkeyPatch, service: str, region: str, *, fips: bool, dual_stack: bool
) -> None:
    """The same host, the same scope, and the same signature of the same bytes."""
    names = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    asked = {"AWS_USE_FIPS_ENDPOINT": str(fips), "AWS_USE_DUALSTACK_ENDPOINT": str(dual_stack)}
    for name, value in (names | asked).items():
        own_environment.setenv(name, value)
    aws = Aws(Settings(aws_region=region))
    opening = aws.kinesis_writer() if service == "kinesis" else aws.dynamodb_reader()
    async with opening as client:
        direct: Any = client
        assert type(direct.wire).__name__ == "HttpPool"
        ours_url, (host, port) = direct.wire._url, direct.wire._address
        direct.wire = recorder = Recorder()
        call, request = CALLS[service]
        await getattr(direct, call)(**request)
        theirs = await sent_by_botocore(direct, service)
    assert urlsplit(theirs.url).netloc == urlsplit(ours_url).netloc == host
    assert (urlsplit(theirs.url).scheme, port) == ("https", 443)
    signed = _signed_names(theirs.headers)
    assert _scope(recorder.sent) == _scope(theirs.headers)
    assert _signed_names(recorder.sent) == signed
    again = signed_headers(
        {name: theirs.headers[name] for name in signed if name not in _OWN},
        theirs.body,
        host=direct._host,
        service=direct._service,
        region=direct._region,
        credentials=SECRET,
        at_s=datetime.strptime(theirs.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp(),
    )
    assert again["authorization"] == theirs.headers["authorization"]
    assert ("api.aws" in host or "api.amazonwebservices" in host) == dual_stack
    # In GovCloud the plain hosts are the validated ones, and there are no others.
    assert ("fips" in host) == fips or (region == "us-gov-west-1" and fips and not dual_stack)


_OWN: Final = frozenset({"host", "x-amz-date", "x-amz-security-token"})  # what signing adds


def _scope(headers: Mapping[str, str]) -> str:
    """Key, region and service of a signature; the day may end between two of them."""
    key, _, region, service, end = _part(headers, "Credential").split("/")
    return f"{key}/{region}/{service}/{end}"


def _signed_names(headers: Mapping[str, str]) -> list[str]:
    return _part(headers, "SignedHeaders").split(";")


def _part(headers: Mapping[str, str], name: str) -> str:
    return headers["authorization"].partition(f"{name}=")[2].partition(",")[0]
