"""The clients: no retry that a caller does not see, and every wait bounded."""

from typing import Any

import pytest
from aiobotocore.session import AioSession
from botocore.exceptions import ParamValidationError

from txn_core.aws.clients import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, Aws, _http_pool, _session
from txn_core.settings import Settings


async def test_no_client_retries_by_itself_or_waits_for_ever(settings: Settings) -> None:
    """One attempt a call, and a bound on connecting and on reading, for every service."""
    aws = Aws(settings)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        for client in (kinesis, dynamodb, s3):
            config: Any = client.meta.config
            assert config.retries == {"total_max_attempts": 1, "mode": "legacy"}
            assert config.connect_timeout == CONNECT_TIMEOUT_S
            assert READ_TIMEOUT_S <= config.read_timeout <= 3 * READ_TIMEOUT_S
            assert client.meta.region_name == settings.aws_region
        assert kinesis.meta.endpoint_url == settings.kinesis_endpoint_url
        assert dynamodb.meta.endpoint_url == settings.dynamodb_endpoint_url
        assert s3.meta.endpoint_url == settings.s3_endpoint_url


@pytest.mark.parametrize("read_timeout_s", [0.5, 60.0])
async def test_the_streams_timeout_is_the_callers(settings: Settings, read_timeout_s: float) -> None:
    """A producer waits as long for an answer as its deadline allows."""
    async with Aws(settings).kinesis(read_timeout_s=read_timeout_s) as client:
        config: Any = client.meta.config
        assert config.read_timeout == read_timeout_s


@pytest.mark.parametrize(("validate", "error"), [(True, ParamValidationError), (False, KeyError)])
async def test_checking_parameters_can_be_left_out(
    settings: Settings, *, validate: bool, error: type[Exception]
) -> None:
    """A parameter that does not exist is found by the check, and without it only by the writing of the request."""
    async with Aws(settings).kinesis(validate=validate) as client:
        with pytest.raises(error):
            await client.describe_stream_summary(StreamName="none", Bogus=1)  # type: ignore[call-arg]


async def test_without_endpoints_the_clients_are_those_of_aws(own_environment: pytest.MonkeyPatch) -> None:
    """In production nothing is set but the region."""
    own_environment.setenv("AWS_ACCESS_KEY_ID", "x")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
    aws = Aws(Settings(aws_region="eu-central-1"))
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb:
        assert kinesis.meta.endpoint_url == "https://kinesis.eu-central-1.amazonaws.com"
        assert dynamodb.meta.endpoint_url == "https://dynamodb.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "secure"), [("https://a.test", True), ("HTTPS://a.test", True), ("http://a.test", False)]
)
async def test_a_wire_to_https_is_tls_however_the_scheme_is_written(
    own_environment: pytest.MonkeyPatch, url: str, *, secure: bool
) -> None:
    """Schemes are the same in any case (RFC 3986, 3.1); without TLS its requests would go in clear."""
    own_environment.setenv("NO_PROXY", "a.test")
    async with _http_pool(AioSession(), url, 1.0) as wire:
        assert wire is not None
        assert (wire._tls is not None) == secure


@pytest.mark.parametrize(
    ("url", "proxy", "verifies"),
    [
        ("http://127.0.0.1:1", "", False),
        ("HTTP://127.0.0.1:1", "", False),
        ("https://127.0.0.1:1", "", True),
        ("HTTPS://127.0.0.1:1", "", True),
        ("http://127.0.0.1:1", "https://proxy.test", True),
        (None, "", True),
    ],
)
async def test_only_at_a_plain_address_nobody_is_verified(
    own_environment: pytest.MonkeyPatch, url: str | None, proxy: str, *, verifies: bool
) -> None:
    """Of every service; with TLS, to the service or to a proxy on the way, always."""
    own_environment.setenv("AWS_ACCESS_KEY_ID", "x")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
    if proxy:
        own_environment.setenv("HTTP_PROXY", proxy)
    urls = dict.fromkeys(("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url"), url)
    aws = Aws(Settings.model_validate({"aws_region": "eu-central-1", "bucket_owner": "111122223333"} | urls))
    for make in (aws.kinesis, aws.kinesis_subscriber, aws.dynamodb, aws.s3):
        async with make() as client:
            sender: Any = client
            assert bool(sender._endpoint.http_session._verify) == verifies


def test_a_session_has_the_handlers_of_a_stock_one_and_shares_none() -> None:
    """They sign, retry and check; one that is registered with a session is not another's."""
    events = (
        "before-sign.s3",
        "before-call.s3.PutObject",
        "choose-signer.kinesis.PutRecords",
        "needs-retry.dynamodb",
    )
    one, other, stock = (session.get_component("event_emitter") for session in (_session(), _session(), AioSession()))
    for event in (*events, "before-parameter-build.s3"):
        handlers = [of._emitter._handlers.prefix_search(event) for of in (one, other, stock)]
        assert [*handlers[0]] == [*handlers[1]] == [*handlers[2]]
    one.register("before-call", _own_handler)
    found = [_own_handler in of._emitter._handlers.prefix_search("before-call.s3.PutObject") for of in (one, other)]
    assert found == [True, False]


def _own_handler(**_: object) -> None: ...
