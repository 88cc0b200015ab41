"""The scorer as a drain: its stores, what it checks, the watch over wanted versions, and what is noted of them."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.model.trusted_keys import trusted_keys
from fraud.review.alert_desk import AlertDesk
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.versions import PinnedVersions
from txn_core.drains import ARCHIVE, SCORE
from txn_core.dynamodb.card_states import CardStateTable
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.dynamodb.review.scores import ScoreTable
from txn_core.lake.layout import SCORES_PREFIX
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from workers.context import DrainContext
from workers.drain import Cursor, Drain
from workers.leases.shards import list_shards
from workers.leases.stream_identity import summary_of
from workers.leases.table import LeaseTable
from workers.metrics import ShardLag
from workers.planned.planned_object import PlannedObjects
from workers.retries import retry_outages
from workers.score.alert_outbox import AlertOutbox
from workers.score.count_keeper import CountKeeper
from workers.score.drift_watch import DriftWatch
from workers.score.in_use_notes import InUseNotes
from workers.score.score_metrics import ScoreMetrics
from workers.score.score_objects import ScoreObjects
from workers.score.score_processor import FlushLimits, ScoreProcessor, ScoreSite
from workers.score.scorer import Scorer
from workers.score.version_watch import VersionWatch

if TYPE_CHECKING:
    from txn_core.readiness import Check

RENDERINGS_AT_ONCE_MAX: Final = 2
_NOBODYS: Final = Account("#ready"), TransactionId("#ready")  # no account is called so: whether the table answers


async def open_score(context: DrainContext, *, from_lake: bool = False) -> Drain:
    """The scorer; the registry is asked in the background, and by the first record where it was not reached yet.

    Args:
        context: what the host hands over.
        from_lake: whether the card states are filled from the lake first.

    Raises:
        SettingsError: the identity keys are missing.
        StoreError: the states cannot be filled, as the scorer has begun already, or the archive has not.
        ModelError: the model that is wanted cannot be loaded, with which they are to be filled.
    """
    site, states = site_of(context), states_of(context)
    retry = partial(retry_outages, until=context.patience)
    if from_lake:
        await _fill(context, site.scorer.versions, states)

    def processor(cursor: Cursor, lag: ShardLag) -> ScoreProcessor:
        memory = StateMemory(states, retry, context.settings.score_states_bytes_max)
        return ScoreProcessor(site, memory, cursor, lag)

    checks: dict[str, Check] = {"sink": partial(site.scorer.scores.of, *_NOBODYS), "registry": context.store.reach}
    notes = InUseNotes(site.kept.table, site.scorer.versions, context.settings.score_versions_every_s)
    return Drain(processor, checks, tasks=(site.scorer.versions.run, notes.run))


def states_of(context: DrainContext) -> CardStateTable:
    """The table of card states."""
    return CardStateTable(context.dynamodb, context.names.of_drain(SCORE.name, SCORE.tables[0].name))


async def _fill(context: DrainContext, versions: VersionWatch, states: CardStateTable) -> None:
    """Fill the card states from the lake, up to where the archive has come."""
    from workers.score.state_bootstrap import StateBootstrap, Stream  # noqa: PLC0415 - the exception

    async def model(model_id: str) -> Model:
        if (found := (await versions.versions(PinnedVersions(model_id))).champion) is None:
            raise ModelError(f"{model_id} cannot be loaded: `txn models list` says why")
        return found

    name, retry = context.stream, partial(retry_outages, until=context.patience)
    summary = await retry("describe stream", partial(summary_of, context.kinesis, name))
    shards = await retry("list shards", partial(list_shards, context.kinesis, name))
    bootstrap = StateBootstrap(
        store=context.store,
        objects=context.store.versioned,
        states=states,
        archive=LeaseTable(context.dynamodb, context.names.leases(ARCHIVE.name)),
        leases=context.leases,
        model=model,
        retry=retry,
    )
    wanted = (await versions.wanted_after(None)).model
    await bootstrap.run(wanted, Stream(name, summary.identity, shards), datetime.now(UTC))


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
        kept=CountKeeper(ScoreCountTable(dynamodb, names.score_counts), context.patience),
        checkpointer=context.checkpointer,
        metrics=context.metrics,
        limits=FlushLimits(settings.score_flush_records_max, settings.score_flush_s),
    )
