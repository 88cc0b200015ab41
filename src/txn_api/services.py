"""What the routes work with, built once when the application starts and taken down when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from txn_api.auth import Authenticator
from txn_api.cursors import Cursors
from txn_api.intake import Intake
from txn_api.posts import Posts
from txn_api.readiness import Readiness
from txn_core.api_keys import ApiKeyTable
from txn_core.aws import Aws
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.identity import KeyRing
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route may reach."""

    settings: Settings
    keys: KeyRing
    intake: Intake
    authenticator: Authenticator
    cursors: Cursors
    producer: Producer
    transactions: TransactionTable
    merchants: MerchantTable
    readiness: Readiness
    stopping: "asyncio.Future[None]"  # done when the process is about to stop

    posts: Posts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "posts", Posts(self.intake, self.producer))

    def stop(self) -> None:
        """Tell the uploads to end where they are and be answered; the server calls it when it stops listening."""
        if not self.stopping.done():
            self.stopping.set_result(None)


@asynccontextmanager
async def open_services(settings: Settings, registry: CollectorRegistry) -> AsyncIterator[Services]:
    """Open the clients and tables; on the way out the producer drains before its client closes."""
    keys = KeyRing.from_settings(settings)
    cursors = Cursors.from_settings(settings)
    aws, names = Aws(settings), TableNames.of(settings)
    async with (
        aws.kinesis_writer(read_timeout_s=settings.put_timeout_s) as kinesis,
        aws.dynamodb() as dynamodb,
        aws.dynamodb_reader() as index,
    ):
        producer = Producer.from_settings(kinesis, settings, registry)
        await producer.route_by_shards()
        transactions = await TransactionTable.open(index, names.transactions)
        services = Services(
            settings=settings,
            keys=keys,
            intake=Intake(keys, settings.occurred_ahead_s_max),
            authenticator=Authenticator(ApiKeyTable(dynamodb, names.api_keys).get, settings.api_key_cache_s),
            cursors=cursors,
            producer=producer,
            transactions=transactions,
            merchants=MerchantTable(dynamodb, names.merchants),
            readiness=Readiness(kinesis, settings.stream, dynamodb, names.transactions),
            stopping=asyncio.get_running_loop().create_future(),
        )
        try:
            yield services
        finally:
            await producer.close(settings.shutdown_deadline_s)
