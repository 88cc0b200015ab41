"""Which failed calls are counted, and under which reason, whichever way the call took."""

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from prometheus_client import CollectorRegistry

from tests.support.virtual_time import in_virtual_time
from txn_core.aws import call_failures
from txn_core.aws.call_failures import REASONS, CallFailureMetrics, note_answer, note_error
from txn_core.aws.clients import Aws
from txn_core.dynamodb.dynamodb_client import DirectClient
from txn_core.settings import Settings


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts that begin at zero."""
    counts = dict.fromkeys(REASONS, 0)
    monkeypatch.setattr(call_failures, "_counts", counts)
    return counts


def risen(counts: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in counts.items() if count}


@pytest.mark.parametrize(
    ("service", "code", "status", "reason"),
    [
        ("dynamodb", "ProvisionedThroughputExceededException", 400, "dynamodb_throttled"),
        ("kinesis", "LimitExceededException", 400, "kinesis_throttled"),
        ("s3", "SlowDown", 503, "s3_throttled"),
        ("s3", "InternalError", 500, "s3_failed"),
        ("dynamodb", "InternalServerError", 500, "dynamodb_failed"),
        ("dynamodb", "AccessDeniedException", 400, "denied"),
        ("kinesis", "KMSDisabledException", 400, "denied"),
        ("s3", "403", 403, "denied"),
        ("sts", "AccessDenied", 403, "denied"),
    ],
)
def test_an_answer_counts_under_its_reason(
    counts: dict[str, int], service: str, code: str, status: int, reason: str
) -> None:
    note_answer(service, code, status)
    assert risen(counts) == {reason: 1}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ConditionalCheckFailedException", 400),
        ("PreconditionFailed", 412),
        ("ConditionalRequestConflict", 409),
        ("NoSuchKey", 404),
        ("ValidationException", 400),
    ],
)
def test_what_is_usual_counts_nowhere(counts: dict[str, int], code: str, status: int) -> None:
    note_answer("s3", code, status)
    assert risen(counts) == {}


def test_a_call_without_an_answer_is_a_failure_of_its_service(counts: dict[str, int]) -> None:
    note_error("dynamodb", EndpointConnectionError(endpoint_url="http://127.0.0.1"))
    note_error("dynamodb", ValueError("a defect of ours"))
    note_error("sts", TimeoutError())
    assert risen(counts) == {"dynamodb_failed": 1}


def test_all_reasons_are_there_from_the_start() -> None:
    registry = CollectorRegistry()
    CallFailureMetrics(registry, "txn_index")
    for reason in REASONS:
        assert registry.get_sample_value("txn_index_aws_calls_failed_total", {"reason": reason}) == 0


async def test_every_way_of_a_call_is_counted(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the client of the library, and past its layers; to a port where nobody listens."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    nobody = "http://127.0.0.1:1"
    settings = Settings(
        aws_region="us-east-1", kinesis_endpoint_url=nobody, dynamodb_endpoint_url=nobody, s3_endpoint_url=nobody
    )
    async with Aws(settings).dynamodb() as client:
        with pytest.raises(EndpointConnectionError):
            await client.describe_table(TableName="t")
    async with Aws(settings).dynamodb_reader() as reader:
        with pytest.raises(EndpointConnectionError):
            await reader.get_item(TableName="t", Key={})
    assert risen(counts) == {"dynamodb_failed": 2}


async def test_a_refusal_past_the_layers_is_counted(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")

    class Refusing:
        """A wire whose other end throttles."""

        async def post(self, headers: Any, body: bytes) -> tuple[int, bytes]:
            return 400, b'{"__type": "com.amazonaws#ThrottlingException"}'

    nobody = "http://127.0.0.1:1"
    settings = Settings(
        aws_region="us-east-1", kinesis_endpoint_url=nobody, dynamodb_endpoint_url=nobody, s3_endpoint_url=nobody
    )
    async with Aws(settings).dynamodb_reader() as reader:
        assert isinstance(reader, DirectClient)
        reader.wire = Refusing()
        with pytest.raises(ClientError):
            await reader.get_item(TableName="t", Key={})
    assert risen(counts) == {"dynamodb_throttled": 1}


@pytest.mark.parametrize(("limit_s", "counted"), [(10.0, 1), (1.0, 1), (0.5, 0)])
@pytest.mark.parametrize("is_direct", [True, False])
def test_a_silent_store_is_counted_when_its_callers_time_is_over(
    counts: dict[str, int], monkeypatch: pytest.MonkeyPatch, limit_s: float, counted: int, *, is_direct: bool
) -> None:
    """By the client of the library, and past its layers. A call that is cut off early is so for another reason."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")

    async def silent(*_: object) -> Any:
        await asyncio.sleep(3600)

    class Silent:
        post = staticmethod(silent)

    nobody = "http://127.0.0.1:1"
    settings = Settings(
        aws_region="us-east-1", kinesis_endpoint_url=nobody, dynamodb_endpoint_url=nobody, s3_endpoint_url=nobody
    )
    monkeypatch.setattr("aiobotocore.endpoint.AioEndpoint._send", silent)

    @in_virtual_time
    async def call() -> None:
        async with Aws(settings).dynamodb_reader() as client:
            assert isinstance(client, DirectClient)
            client.wire = Silent()
            ask = client.get_item(TableName="t", Key={}) if is_direct else client.describe_table(TableName="t")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await ask

    call()
    assert risen(counts) == ({"dynamodb_failed": counted} if counted else {})
