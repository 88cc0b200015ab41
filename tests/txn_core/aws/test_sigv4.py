"""Our signatures against botocore's."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials

from txn_core.aws.sigv4 import signed_headers

HEADERS = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecords"}


@pytest.mark.parametrize("token", [None, "a-session/token=="])
@pytest.mark.parametrize("body", [b"", b'{"StreamName":"txn","Records":[]}', "Grüße".encode()])
@pytest.mark.parametrize("host", ["kinesis.eu-central-1.amazonaws.com", "127.0.0.1:4567"])
def test_botocore_signs_the_same(token: str | None, body: bytes, host: str) -> None:
    """For the same moment, every header and the signature are equal."""
    request = AWSRequest("POST", f"https://{host}/", headers=dict(HEADERS), data=body)
    SigV4Auth(Credentials("AKID", "secret", token), "kinesis", "eu-central-1").add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    at = datetime.strptime(theirs["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed_headers(
        HEADERS,
        body,
        host=host,
        service="kinesis",
        region="eu-central-1",
        credentials=ReadOnlyCredentials("AKID", "secret", token),
        at_s=at.timestamp(),
    )
    assert ours == theirs
