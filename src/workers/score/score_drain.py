"""The scorer as a drain: its stores, what it checks, and the watch over wanted versions."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from fraud.model.trusted_keys import trusted_keys
from fraud.review.alert_desk import AlertDesk
from fraud.scoring.state_memory import StateMemory
from txn_core.drains import SCORE
from txn_core.dynamodb.alerts import AlertTable
from txn_core.dynamodb.card_states import CardStateTable
from txn_core.dynamodb.cases import CaseTable
from txn_core.dynamodb.scores import ScoreTable
from txn_core.lake.layout import SCORES_PREFIX
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from workers.context import DrainContext
from workers.drain import Cursor, Drain
from workers.metrics import ShardLag
from workers.planned.planned_object import PlannedObjects
from workers.retries import retry_outages
from workers.score.alert_outbox import AlertOutbox
from workers.score.drift_watch import DriftWatch
from workers.score.score_metrics import ScoreMetrics
from workers.score.score_objects import ScoreObjects
from workers.score.score_processor import FlushLimits, ScoreProcessor, ScoreSite
from workers.score.scorer import Scorer
from workers.score.version_watch import VersionWatch

if TYPE_CHECKING:
    from txn_core.readiness import Check

RENDERINGS_AT_ONCE_MAX: Final = 2
_NOBODYS: Final = Account("#ready"), TransactionId("#ready")  # no account is called so: whether the table answers


async def open_score(context: DrainContext) -> Drain:
    """The scorer; the registry is asked in the background, and by the first record where it was not reached yet.

    Raises:
        SettingsError: the identity keys are missing.
    """
    site, states = site_of(context), states_of(context)
    retry = partial(retry_outages, until=context.patience)

    def processor(cursor: Cursor, lag: ShardLag) -> ScoreProcessor:
        memory = StateMemory(states, retry, context.settings.score_states_bytes_max)
        return ScoreProcessor(site, memory, cursor, lag)

    checks: dict[str, Check] = {"sink": partial(site.scorer.scores.of, *_NOBODYS), "registry": context.store.reach}
    return Drain(processor, checks, tasks=(site.scorer.versions.run,))


def states_of(context: DrainContext) -> CardStateTable:
    """The table of card states."""
    return CardStateTable(context.dynamodb, context.names.of_drain(SCORE.name, SCORE.tables[0].name))


def site_of(context: DrainContext) -> ScoreSite:
    """The scorer as one process runs it.

    Raises:
        SettingsError: the identity keys are missing.
    """
    settings, names, dynamodb = context.settings, context.names, context.dynamodb
    counts, keys = ScoreMetrics(context.metrics), KeyRing.from_settings(settings)
    desk = AlertDesk(AlertTable(dynamodb, names.alerts), CaseTable(dynamodb, names.cases), keys)
    scorer = Scorer(
        scores=ScoreTable(dynamodb, names.scores),
        outbox=AlertOutbox(desk, context.kinesis, settings.alerts_stream, keys, counts, context.patience),
        dead_letters=context.dead_letters,
        versions=VersionWatch(
            context.store.versioned,
            trusted_keys(settings),
            counts,
            every_s=settings.score_versions_every_s,
            patience=context.patience,
        ),
        counts=counts,
        drift=DriftWatch(counts),
        patience=context.patience,
    )
    objects = PlannedObjects(context.store, SCORES_PREFIX, context.patience)
    return ScoreSite(
        scorer=scorer,
        objects=ScoreObjects(objects, asyncio.Semaphore(RENDERINGS_AT_ONCE_MAX)),
        checkpointer=context.checkpointer,
        metrics=context.metrics,
        limits=FlushLimits(settings.score_flush_records_max, settings.score_flush_s),
    )
