"""One search for credentials a process, which bears with an endpoint that is slow to start."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from aiobotocore.credentials import AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import CredentialRetrievalError, EndpointConnectionError

from tests.support.credential_endpoint import credential_endpoint
from txn_core.aws import credentials
from txn_core.aws.clients import Aws
from txn_core.aws.credentials import found_credentials
from txn_core.aws.errors import is_passing
from txn_core.exceptions import StoreError
from txn_core.kinesis.outcomes import Doubt, outcome_of_error
from txn_core.settings import Settings

SETTINGS = Settings(
    aws_region="eu-central-1",
    kinesis_endpoint_url="http://127.0.0.1:1",
    dynamodb_endpoint_url="http://127.0.0.1:1",
    s3_endpoint_url="http://127.0.0.1:1",
    bucket_owner="111122223333",
)


async def _open_all(aws: Aws) -> None:
    async with AsyncExitStack() as stack:
        for make in (aws.kinesis, aws.kinesis_writer, aws.dynamodb, aws.dynamodb_reader, aws.s3):
            await stack.enter_async_context(make())


async def test_all_clients_of_a_process_share_one_search(own_environment: pytest.MonkeyPatch) -> None:
    """The endpoint of a task answers a bounded number of calls a second, and gives each client other credentials."""
    async with credential_endpoint(own_environment) as endpoint:
        await _open_all(Aws(SETTINGS))
    assert endpoint.asked == 1


async def test_an_endpoint_that_is_slow_to_start_is_waited_for(
    own_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS' own client asks three times; whoever started a little earlier has credentials all the same."""
    monkeypatch.setattr(credentials, "PAUSE_S", 0.01)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0.01)
    async with credential_endpoint(own_environment) as endpoint:
        endpoint.failures = 7
        await _open_all(Aws(SETTINGS))
    assert endpoint.asked == 8


async def test_an_endpoint_that_gives_none_ends_the_start(
    own_environment: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says that there should be credentials; no client lives on without them."""
    monkeypatch.setattr(credentials, "START_S_MAX", 0.0)
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0.01)
    async with credential_endpoint(own_environment) as endpoint:
        endpoint.failures = 100
        with pytest.raises(StoreError, match="CredentialRetrievalError"):
            await _open_all(Aws(SETTINGS))


@pytest.mark.usefixtures("own_environment")
async def test_without_credentials_no_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the ways to have some."""
    monkeypatch.setattr(credentials, "START_S_MAX", 0.0)
    aws = Aws(SETTINGS)
    for make in (aws.kinesis, aws.kinesis_writer, aws.dynamodb, aws.dynamodb_reader, aws.s3):
        with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
            async with make():
                pass
    with pytest.raises(StoreError, match="AWS_ACCESS_KEY_ID"):
        await aws.caller()


async def test_a_renewal_that_gives_expired_credentials_is_an_outage(own_environment: pytest.MonkeyPatch) -> None:
    """Nothing is sent, which is certain; what comes behind it is signed by what is given then."""
    async with credential_endpoint(own_environment, 60.0) as endpoint, Aws(SETTINGS).kinesis_writer() as client:
        for _ in range(2):
            endpoint.valid_s = -1.0
            with pytest.raises(CredentialRetrievalError) as refused:
                await client.put_records(StreamName="s", Records=[{"Data": b"a", "PartitionKey": "k"}])
            assert outcome_of_error(refused.value).doubt is Doubt.NOT_STORED
            assert is_passing(refused.value)
            endpoint.valid_s = 60.0  # less than the client renews before the end, so that it renews each time
            with pytest.raises(EndpointConnectionError):
                await client.put_records(StreamName="s", Records=[{"Data": b"a", "PartitionKey": "k"}])


async def _given(nothing: Any, valid_s: float) -> AioRefreshableCredentials:
    """Credentials of a machine's role, whose endpoint gives nothing from now on."""

    async def renewed() -> Any:
        return nothing

    ends_at = datetime.now(UTC) + timedelta(seconds=valid_s)
    credentials = AioRefreshableCredentials("first", "key", "token", ends_at, renewed, "iam-role")

    class Session:
        async def get_credentials(self) -> AioRefreshableCredentials:
            return credentials

    await found_credentials(cast("AioSession", Session()))
    return credentials


@pytest.mark.parametrize("nothing", [{}, None, {"role_name": "role"}])
async def test_a_renewal_without_an_answer_is_an_outage(nothing: Any) -> None:
    """The metadata service of EC2 does not answer: AWS' fetcher gives an empty document, and no error."""
    credentials = await _given(nothing, 1.0)
    with pytest.raises(CredentialRetrievalError) as refused:
        await credentials.get_frozen_credentials()
    assert outcome_of_error(refused.value).doubt is Doubt.NOT_STORED
    assert is_passing(refused.value)


async def test_without_an_answer_credentials_are_used_until_shortly_before_their_end() -> None:
    """The client begins to renew them 15 minutes before it, and must have others 10 minutes before it."""
    credentials = await _given({}, 12 * 60.0)
    assert (await credentials.get_frozen_credentials()).access_key == "first"
