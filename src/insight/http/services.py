"""What the routes work with, opened when the service starts and closed when it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
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
from insight.http.query_metrics import QueryMetrics
from txn_api.access.auth import Authenticator, Gate
from txn_api.access.key_misses import MissBudget
from txn_api.access.rate_limits import Limiter
from txn_api.access.signatures import Signatures
from txn_api.access.tokens import Tokens
from txn_api.services import open_tokens
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.signatures import UsedSignatures
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError
from txn_core.quotas import Limits
from txn_core.readiness import ReadinessChecks
from txn_core.settings import Settings
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


async def desk_of(request: Request) -> AnswerDesk:
    """The desk that answers the questions of a request."""
    services: InsightServices = request.app.state.services
    return services.desk


Desk = Annotated[AnswerDesk, Depends(desk_of)]


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
    if settings.identity_key is None:
        raise SettingsError("TXN_IDENTITY_KEY is required; a local stack (`txn up`, `--data-dir`) has its own")
    aws, names = Aws(settings), TableNames.of(settings)
    place = Place(asked.folder, Bounds(settings.insight_memory, THREADS, settings.insight_timeout_s), asked.overdue)
    turns = Turns(settings.insight_queries_max, settings.insight_waiting_max, settings.insight_wait_s)
    threads = ThreadPoolExecutor(settings.insight_queries_max, thread_name_prefix="question")
    try:
        async with (
            aws.dynamodb() as dynamodb,
            aws.dynamodb_reader() as key_reader,
            open_tokens(settings, registry) as tokens,
        ):
            use = UsedSignatures(dynamodb, names.idempotency).use if settings.signatures_shared else None
            signatures = Signatures(settings.identity_key.get_secret_value(), use=use)
            keys = ApiKeyTable(key_reader, names.api_keys)
            checks = {
                "dynamodb": partial(dynamodb.get_item, TableName=names.api_keys, Key={"key_id": string("#ready")}),
                "warehouse": partial(_published, place),
            }
            yield InsightServices(
                settings=settings,
                gate=_gate(settings, keys, signatures, tokens, registry),
                readiness=ReadinessChecks(checks, lambda _: UNAVAILABLE),
                desk=AnswerDesk(
                    place,
                    turns,
                    threads,
                    QueryMetrics(registry, turns),
                    wait_s=settings.insight_wait_s,
                    asked=asked.questions,
                ),
            )
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def _gate(
    settings: Settings,
    keys: ApiKeyTable,
    signatures: Signatures,
    tokens: Tokens | None,
    registry: CollectorRegistry,
) -> Gate:
    """The API's way in, with the same keys and tokens."""
    authenticator = Authenticator(
        keys.get,
        settings.api_key_cache_s,
        limiter=Limiter(Limits.from_settings(settings)),
        tokens=tokens,
        guesses=MissBudget(registry=registry),
    )
    return Gate(
        authenticator,
        signatures,
        body_bytes_max=settings.body_bytes_max,
        body_deadline_s=settings.body_deadline_s,
    )


async def _published(place: Place) -> None:
    try:
        place.stamp()
    except NotPublishedError as error:
        raise OSError(str(error)) from None
