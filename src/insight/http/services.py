"""What the routes work with, opened when the service starts and closed when it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from insight.answers.answer_desk import AnswerDesk, Place
from insight.answers.turns import Turns
from insight.explorer.explorer_desk import ExplorerDesk
from insight.http.query_metrics import QueryMetrics
from insight.warming import keep_warm
from txn_api.access.auth import Authenticator, Gate
from txn_api.access.authenticator import FindKey
from txn_api.access.key_misses import MissBudget
from txn_api.access.rate_limits import Limiter
from txn_api.access.signatures import Signatures, Use
from txn_api.access.tokens import Tokens
from txn_api.services import open_tokens
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.signatures import UsedSignatures
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import Limits
from txn_core.readiness import Check, ReadinessChecks
from txn_core.settings import Settings
from txn_core.transactions.identity import identity_key_of
from warehouse.questions.catalogue import Question
from warehouse.sql.bounds import Bounds
from warehouse.sql.query_errors import NotPublishedError

UNAVAILABLE: Final = "unavailable"
THREADS: Final = 1
"""Threads of a query: what is asked here is not to take a core from the posts beside it."""


@dataclass(frozen=True, slots=True)
class InsightServices:
    """Everything that a route may reach; the gate, the settings and the checks are named as the API's routes do."""

    settings: Settings
    gate: Gate
    readiness: ReadinessChecks
    desk: AnswerDesk
    explorer: ExplorerDesk


async def desk_of(request: Request) -> AnswerDesk:
    """The desk that answers the questions of a request."""
    services: InsightServices = request.app.state.services
    return services.desk


DeskOfRequest = Annotated[AnswerDesk, Depends(desk_of)]


async def explorer_of(request: Request) -> ExplorerDesk:
    """The desk that answers the choices of a request."""
    services: InsightServices = request.app.state.services
    return services.explorer


ExplorerOfRequest = Annotated[ExplorerDesk, Depends(explorer_of)]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the questions go.

    Attributes:
        folder: of the published files.
        overdue: told, in a thread of its own, of a query that cannot be ended.
        questions: other ones than the twelve.
    """

    folder: Path
    overdue: Callable[[str], None]
    questions: Sequence[Question] | None = None


@asynccontextmanager
async def open_insight(
    settings: Settings, asked: Asked, registry: CollectorRegistry
) -> AsyncIterator[InsightServices]:
    """Open the table of keys and the desk.

    Raises:
        SettingsError: the key is missing by which signed requests are verified.
    """
    aws, names = Aws(settings), TableNames.of(settings)
    async with (
        aws.dynamodb() as dynamodb,
        aws.dynamodb_reader() as key_reader,
        open_tokens(settings, registry) as tokens,
    ):
        keys = ApiKeyTable(key_reader, names.api_keys)
        used = UsedSignatures(dynamodb, names.idempotency).use if settings.signatures_shared else None
        reached = partial(dynamodb.get_item, TableName=names.api_keys, Key={"key_id": string("#ready")})
        guarded = gate(settings, keys.get, registry, tokens=tokens, use=used)
        async with insight_services(settings, asked, registry, guarded, {"dynamodb": reached}) as services:
            warming = asyncio.create_task(keep_warm(services.desk, services.explorer))
            try:
                yield services
            finally:
                warming.cancel()


@asynccontextmanager
async def insight_services(
    settings: Settings, asked: Asked, registry: CollectorRegistry, guarded: Gate, checks: Mapping[str, Check]
) -> AsyncIterator[InsightServices]:
    """What the routes work with, behind a gate; the threads of queries end with the block."""
    bounds = Bounds(settings.insight_memory, THREADS, settings.insight_timeout_s)
    place = Place(asked.folder, bounds, asked.overdue)
    turns = Turns(settings.insight_queries_max, settings.insight_waiting_max, settings.insight_wait_s)
    viewing = Turns(1, settings.insight_waiting_max, settings.insight_wait_s)
    threads = ThreadPoolExecutor(settings.insight_queries_max + 1, thread_name_prefix="query")
    told = QueryMetrics(registry, turns)
    desk = AnswerDesk(place, turns, threads, told, wait_s=settings.insight_wait_s, asked=asked.questions)
    explorer = ExplorerDesk(place, threads, told, building=turns, viewing=viewing)
    all_checks: dict[str, Check] = {**checks, "warehouse": partial(_published, place)}
    try:
        yield InsightServices(settings, guarded, ReadinessChecks(all_checks, lambda _: UNAVAILABLE), desk, explorer)
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def gate(
    settings: Settings,
    find: FindKey,
    registry: CollectorRegistry,
    *,
    tokens: Tokens | None = None,
    use: Use | None = None,
) -> Gate:
    """The API's way in, with the same keys and tokens. Of its secrets it needs the one that signatures follow from.

    Raises:
        SettingsError: that one is missing.
    """
    identity_key = identity_key_of(settings)
    authenticator = Authenticator(
        find,
        settings.api_key_cache_s,
        limiter=Limiter(Limits.from_settings(settings)),
        tokens=tokens,
        guesses=MissBudget(registry=registry),
    )
    return Gate(
        authenticator,
        Signatures(identity_key, use=use),
        body_bytes_max=settings.body_bytes_max,
        body_deadline_s=settings.body_deadline_s,
    )


async def _published(place: Place) -> None:
    try:
        place.stamp()
    except NotPublishedError as error:
        raise OSError(str(error)) from None
