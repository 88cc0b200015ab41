"""What the routes work with, built once when the application starts and taken down when it stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Final, TypeVar

import httpx
import structlog
from fastapi import Depends, Request
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from txn_api.access.auth import Authenticator, Gate
from txn_api.access.authenticator import FindKey
from txn_api.access.jwks import FETCH_S_MAX, Jwks, fetch_document
from txn_api.access.key_misses import MissBudget
from txn_api.access.rate_limits import Limiter
from txn_api.access.signatures import Signatures, Use
from txn_api.access.tokens import Tokens
from txn_api.card_masks.card_guesses import CardGuesses
from txn_api.card_masks.mask_cards import ROOM_BYTES
from txn_api.card_masks.mask_shares import MaskShares
from txn_api.readiness import readiness_of
from txn_api.reads.cursors import Cursors
from txn_api.resource import ProcessParts, Resource
from txn_api.writes.admission import Admission
from txn_api.writes.batch import PostBatch
from txn_api.writes.fair_memory import FairMemory, Memories
from txn_api.writes.idempotency import Bounds, Idempotency
from txn_api.writes.turns import Turns
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.aws.errors import code_of, is_passing
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.mask_cards import MaskCardTable
from txn_core.dynamodb.review.scores import ScoreTable
from txn_core.dynamodb.signatures import UsedSignatures
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.idempotency import Fingerprints, IdempotencyTable
from txn_core.kinesis.producer import Producer
from txn_core.quotas import Limits
from txn_core.readiness import ReadinessChecks
from txn_core.settings import Settings
from txn_core.transactions.identity import KeyRing

_Store = TypeVar("_Store")
LAYOUT_S_MAX: Final = 3.0  # that the start waits for the index: posts do not need it
ANSWERS_S: Final = 1.0  # of the shutdown deadline, for the answers of those who waited to its end

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a route may reach."""

    settings: Settings
    keys: KeyRing
    admission: Admission
    gate: Gate
    cursors: Cursors
    producer: Producer
    posts: PostBatch
    idempotency: Idempotency
    transactions: TransactionTable
    scores: ScoreTable
    stores: Mapping[type, Any]
    """The stores and desks of the resources by their classes."""
    readiness: ReadinessChecks
    stopping: "asyncio.Future[None]"  # done when the process is about to stop
    turns: Turns = field(default_factory=Turns)
    memories: Memories = field(default_factory=Memories)

    def store(self, kind: type[_Store]) -> _Store:
        """The store of this class.

        Raises:
            KeyError: no resource has one.
        """
        store: _Store = self.stores[kind]
        return store

    def stop(self) -> None:
        """Let the shutdown deadline run, and the uploads end where they are and be answered.

        The server calls it when it stops listening.
        """
        if not self.stopping.done():
            self.stopping.set_result(None)


async def services_of(request: Request) -> Services:
    """What the route of a request works with."""
    services: Services = request.app.state.services
    return services


Service = Annotated[Services, Depends(services_of)]


@asynccontextmanager
async def open_services(
    settings: Settings,
    registry: CollectorRegistry,
    resources: Sequence[Resource],
    metrics: Callable[[], Awaitable[Collector]],
) -> AsyncIterator[Services]:
    """Open the clients and tables; on the way out the producer drains before its client closes."""
    keys = KeyRing.from_settings(settings)
    cursors = Cursors.from_settings(settings)
    aws, names = Aws(settings), TableNames.of(settings)
    async with (
        aws.kinesis_writer(read_timeout_s=settings.put_timeout_s) as kinesis,
        aws.dynamodb() as dynamodb,
        aws.dynamodb_reader() as index,
        aws.dynamodb_reader() as key_reader,
        open_tokens(settings, registry) as tokens,
        AsyncExitStack() as desks,
    ):
        room = FairMemory(ROOM_BYTES)
        shares = MaskShares(MaskCardTable(key_reader, names.idempotency).add, keys.mask_id, room, registry=registry)
        producer = Producer.from_settings(kinesis, settings, registry)
        await producer.route_by_shards()
        admission = Admission(
            keys,
            settings.occurred_ahead_s_max,
            settings.luhn_exempt,
            CardGuesses(shares, room, registry=registry),
            settings.event_schema,
        )
        guarded = gate(
            settings,
            keys,
            ApiKeyTable(key_reader, names.api_keys).get,
            tokens=tokens,
            use=UsedSignatures(dynamodb, names.idempotency).use if settings.signatures_shared else None,
            registry=registry,
        )
        parts = ProcessParts(settings, aws, kinesis, dynamodb, producer, metrics)
        opened = [make(dynamodb, names) for each in resources for make in each.stores]
        opened += [await desks.enter_async_context(make(parts)) for each in resources for make in each.desks]
        services = Services(
            settings=settings,
            keys=keys,
            admission=admission,
            gate=guarded,
            cursors=cursors,
            producer=producer,
            posts=PostBatch(admission, producer, rights=guarded.writing),
            idempotency=Idempotency(
                IdempotencyTable(dynamodb, names.idempotency), Fingerprints.of(keys), Bounds.of(settings), registry
            ),
            transactions=await _transactions(index, names.transactions),
            scores=ScoreTable(index, names.scores),
            stores={type(store): store for store in opened},
            readiness=readiness_of(kinesis, settings.stream, lambda: producer.stored_s, dynamodb, names.transactions),
            stopping=asyncio.get_running_loop().create_future(),
        )
        answered = asyncio.Event()
        draining = asyncio.create_task(_drained(producer, services.stopping, answered, settings.shutdown_deadline_s))
        try:
            yield services
        finally:
            services.stop()
            answered.set()
            await draining
            await shares.close()


async def _transactions(client: DynamoDBClient, name: str) -> TransactionTable:
    """The index table. While DynamoDB is away its layout stays unknown, and is read when it is needed.

    Raises:
        StoreError: the table was not bootstrapped.
    """
    table = TransactionTable(client, name)
    try:
        async with asyncio.timeout(LAYOUT_S_MAX):
            await table.learn_layout()
    except Exception as error:
        if not is_passing(error):
            raise
        _log.warning("store_not_reached", table=name, error=code_of(error))
    return table


async def _drained(
    producer: Producer, stopping: "asyncio.Future[None]", answered: asyncio.Event, deadline_s: float
) -> None:
    """Drain once all requests are answered, or half of the deadline after the stop; by the deadline it is over.

    Whoever still waits then is answered a little earlier, while the server can still send it.
    """
    await stopping
    now_s = asyncio.get_running_loop().time
    ends_s = now_s() + deadline_s - min(ANSWERS_S, deadline_s / 4)
    with suppress(TimeoutError):
        await asyncio.wait_for(answered.wait(), deadline_s / 2)
    await producer.close(ends_s - now_s())


def gate(
    settings: Settings,
    keys: KeyRing,
    find: FindKey,
    *,
    tokens: Tokens | None = None,
    use: Use | None = None,
    registry: CollectorRegistry | None = None,
) -> Gate:
    """The way in, as the settings have it."""
    return Gate(
        Authenticator(
            find,
            settings.api_key_cache_s,
            limiter=Limiter(Limits.from_settings(settings)),
            tokens=tokens,
            guesses=MissBudget(registry=registry),
        ),
        Signatures(keys.identity_key, use=use),
        body_bytes_max=settings.body_bytes_max,
        body_deadline_s=settings.body_deadline_s,
    )


@asynccontextmanager
async def open_tokens(settings: Settings, registry: CollectorRegistry) -> AsyncIterator[Tokens | None]:
    """What verifies access tokens, if they are on; the issuer's keys are fetched with the first of them."""
    if settings.jwt_jwks_url is None:
        yield None
        return
    async with httpx.AsyncClient(timeout=FETCH_S_MAX) as client:
        jwks = Jwks(
            partial(fetch_document, client, settings.jwt_jwks_url),
            algorithms=settings.jwt_algorithms,
            cache_s=settings.jwt_jwks_cache_s,
        )
        yield Tokens.from_settings(settings, jwks, registry)
