"""The AWS clients of a process: made once at its composition root, closed with it, endpoints from the settings.

botocore's own retries are off everywhere. A retry that its caller does not see breaks order, hides doubt about an
outcome and multiplies deadlines; each caller here retries on purpose, with a bound.
"""

import copy
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.hooks import AioHierarchicalEmitter
from aiobotocore.session import AioSession
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.utils import get_environ_proxies

from txn_core.aws.bucket_owner import account_of, arn_of, expect_owner
from txn_core.aws.call_failures import count_failures, count_silences
from txn_core.aws.credentials import found_credentials
from txn_core.aws.http import HttpPool, calls_url
from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient, KinesisClient, S3Client
from txn_core.dynamodb import dynamodb_client as direct_dynamodb
from txn_core.kinesis import kinesis_client as direct_kinesis
from txn_core.settings import Settings

CONNECT_TIMEOUT_S: Final = 2.0
READ_TIMEOUT_S: Final = 10.0
CONNECTIONS_MAX: Final = 64
LEASE_CONNECTIONS_MAX: Final = 32  # of a worker: for its leases, checkpoints and ledgers
SUBSCRIPTIONS_MAX: Final = 1_000  # more shards than one worker process holds
SUBSCRIPTION_SILENCE_S: Final = 60.0  # longer than a reader waits, which ends a silent subscription by itself


def _session() -> AioSession:
    session = AioSession(event_hooks=copy.copy(_builtin_handlers()), include_builtin_handlers=False)
    session.register_component("data_loader", _service_models())
    return session


@dataclass(frozen=True, slots=True)
class Aws:
    """Makes clients for the services that the settings point to; each is an async context manager.

    A process has one. All its clients have one session, so one search for credentials, and one renewal.

    Each of them raises:
        SettingsError: no region is known.
        StoreError: there are no credentials, or what should give them does not.
    """

    settings: Settings
    session: AioSession = field(default_factory=_session, init=False, repr=False, compare=False)

    def kinesis(
        self, *, read_timeout_s: float = READ_TIMEOUT_S, validate: bool = True
    ) -> AbstractAsyncContextManager[KinesisClient]:
        """A Kinesis client; `validate=False` skips botocore's parameter checks, half of a call's CPU time."""
        return self._kinesis(read_timeout_s, validate=validate)

    def kinesis_subscriber(self) -> AbstractAsyncContextManager[KinesisClient]:
        """A Kinesis client for subscriptions; each has a connection of its own, which may be silent for long."""
        return self._kinesis(SUBSCRIPTION_SILENCE_S, validate=False, connections_max=SUBSCRIPTIONS_MAX)

    @asynccontextmanager
    async def kinesis_writer(self, *, read_timeout_s: float = READ_TIMEOUT_S) -> AsyncIterator[KinesisClient]:
        """A Kinesis client for a producer, whose PutRecords calls take less than half of the CPU time."""
        async with self._kinesis(read_timeout_s, validate=False) as client:
            url, credentials = await calls_url(client, "PutRecords"), await found_credentials(self.session)
            async with _http_pool(self.session, url, read_timeout_s) as wire:
                yield cast("KinesisClient", direct_kinesis.DirectClient(client, credentials, wire, url=url))

    def _kinesis(
        self, read_timeout_s: float, *, validate: bool, connections_max: int = CONNECTIONS_MAX
    ) -> AbstractAsyncContextManager[KinesisClient]:
        config = _config(read_timeout_s, validate=validate, connections_max=connections_max)
        return self._client("kinesis", self.settings.kinesis_endpoint_url, config)

    def dynamodb(self) -> AbstractAsyncContextManager[DynamoDBClient]:
        """A DynamoDB client, without botocore's parameter checks."""
        url = self.settings.dynamodb_endpoint_url
        return self._client("dynamodb", url, _config(READ_TIMEOUT_S, validate=False))

    def dynamodb_reader(self) -> AbstractAsyncContextManager[DynamoDBClient]:
        """A DynamoDB client for the index, whose reads take a fraction of the CPU time.

        Its connections are its own: a client team that reads as fast as it can takes none from the API keys.
        """
        return self._direct_dynamodb(CONNECTIONS_MAX)

    def dynamodb_writer(self) -> AbstractAsyncContextManager[DynamoDBClient]:
        """A DynamoDB client for a worker, whose writes take a fraction of the CPU time.

        It has a connection for each write that may be in flight, and some for the leases, which do not wait for them.
        """
        return self._direct_dynamodb(self.settings.index_writes_in_flight_max + LEASE_CONNECTIONS_MAX)

    @asynccontextmanager
    async def _direct_dynamodb(self, connections_max: int) -> AsyncIterator[DynamoDBClient]:
        async with self.dynamodb() as client:
            url, credentials = await calls_url(client, "GetItem"), await found_credentials(self.session)
            async with _http_pool(self.session, url, READ_TIMEOUT_S, connections_max) as wire:
                yield cast("DynamoDBClient", direct_dynamodb.DirectClient(client, credentials, wire, url=url))

    @asynccontextmanager
    async def s3(self) -> AsyncIterator[S3Client]:
        """An S3 client, for buckets of the account that the settings name, or else of the one that we belong to.

        Buckets stand in the path where an endpoint is given, since an address has no subdomains.

        Raises:
            StoreError: nobody says which account that is.
        """
        url = self.settings.s3_endpoint_url
        config = _config(READ_TIMEOUT_S * 3, validate=True).merge(
            AioConfig(s3={"addressing_style": "path" if url else "auto"})
        )
        async with self._client("s3", url, config) as client:
            if (owner := self.settings.bucket_owner or await self._account(url, client)) is not None:
                expect_owner(client, owner)
            yield client

    async def caller(self) -> str:
        """The ARN of whoever our credentials belong to, as STS says it.

        Raises:
            StoreError: STS does not tell.
        """
        async with self._sts(self.settings.region_at(None)) as sts:
            return await arn_of(sts)

    async def _account(self, s3_url: str | None, s3: S3Client) -> str | None:
        async with self._sts(self.settings.region_at(s3_url)) as sts:
            return await account_of(sts, s3)

    @asynccontextmanager
    async def _sts(self, region: str) -> AsyncIterator[Any]:
        await found_credentials(self.session)
        config = _config(READ_TIMEOUT_S, validate=False)
        async with self.session.create_client("sts", region_name=region, config=config) as client:
            yield client

    @asynccontextmanager
    async def _client(
        self, service: Literal["kinesis", "dynamodb", "s3"], url: str | None, config: AioConfig
    ) -> AsyncIterator[Any]:
        region = self.settings.region_at(url)
        await found_credentials(self.session)
        async with self.session.create_client(
            service, region_name=region, endpoint_url=url, verify=_verify(url), config=config
        ) as client:
            count_silences(client, service)
            yield client

    @asynccontextmanager
    async def lake(self) -> AsyncIterator[ObjectStore]:
        """The object store of the lake.

        Raises:
            SettingsError: no bucket is set.
            StoreError: nobody says whose bucket it is.
        """
        bucket = self.settings.lake_bucket
        async with self.s3() as client:
            yield ObjectStore(client, bucket)


@asynccontextmanager
async def _http_pool(
    session: AioSession, url: str, read_timeout_s: float, connections_max: int = CONNECTIONS_MAX
) -> AsyncIterator[HttpPool | None]:
    """A wire of our own to an endpoint; none where a proxy leads there, which is left to the client."""
    if get_environ_proxies(url):
        yield None
        return
    wire = HttpPool(
        url,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=read_timeout_s,
        connections_max=connections_max,
        tls=_tls(session) if urlsplit(url).scheme == "https" else None,
    )
    try:
        yield wire
    finally:
        await wire.close()


def _tls(session: AioSession) -> ssl.SSLContext:
    """Whom we trust: as botocore, by the bundle of its configuration or by its own."""
    return ssl.create_default_context(cafile=session.get_config_variable("ca_bundle") or get_cert_path(verify=True))


def _verify(url: str | None) -> bool | None:
    """Whether a client verifies who answers, or None: as botocore does by itself.

    False for plain HTTP without a proxy, where nobody is verified anyway: else each client loads botocore's bundle,
    which takes 13 ms of CPU time.
    """
    return None if url is None or urlsplit(url).scheme != "http" or get_environ_proxies(url) else False


@cache
def _builtin_handlers() -> AioHierarchicalEmitter:
    """What a session registers, once a process; each session gets a copy, which saves it 3 ms of CPU time."""
    handlers = AioHierarchicalEmitter()
    AioSession(event_hooks=handlers)
    count_failures(handlers)
    return handlers


_service_models: Final = cache(Loader)
"""The descriptions of the services, read once a process: that is nearly all of what a client costs (0.4 s)."""


def read_s3_model() -> None:
    """Read the description of S3, so that a client that is made later need not; from whatever thread."""
    _service_models().load_service_model("s3", "service-2")


def _config(read_timeout_s: float, *, validate: bool, connections_max: int = CONNECTIONS_MAX) -> AioConfig:
    return AioConfig(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_pool_connections=connections_max,
        retries={"total_max_attempts": 1},
        parameter_validation=validate,
        tcp_keepalive=True,
        account_id_endpoint_mode="disabled",  # one host for all, which the rules of a network and direct calls know
    )
