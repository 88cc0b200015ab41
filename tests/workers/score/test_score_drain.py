"""The scorer on real servers: from a record of the stream to what reviewers, the look-up and the lake see of it."""

import asyncio
import json
from functools import partial

from fraud.model.loading import MANIFEST
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.records.alert import Alert
from fraud.records.documents import record_of
from fraud.records.in_use import MODEL_PART, RULES_PART, ModelInUse, VersionsInUse
from fraud.records.score_counts import ScoreCounts
from fraud.registry.active_versions import ActiveVersions, Wanted, change_active
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.scoring.card_state import CardState
from fraud.scoring.score_log import rows_of
from fraud.scoring.state_memory import state_key
from tests.builders import ARRIVED_AT, SHARD, card_number
from tests.fraud.rules.written import rules
from tests.workers.builders import ACCOUNT, event
from tests.workers.conftest import StackFixture, until
from txn_cli.status.observer import Observer
from txn_cli.status.wanted_model import WantedModel
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.drains import SCORE
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.dynamodb.review.scores import ScoreTable
from txn_core.dynamodb.tables import TableNames
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.layout import SCORES_PREFIX
from txn_core.lake.parquet import read_parquet
from txn_core.positions import Position
from txn_core.transactions.event import Event
from txn_core.transactions.identity import AlertId, TransactionId
from workers.hosts.process import work
from workers.leases.lease import Checkpoint
from workers.reading.reader import ShardReader
from workers.score.score_drain import open_score, states_of
from workers.score.score_evidence import open_evidence

SMALL, LARGE = TransactionId("00000001"), TransactionId("00000002")
MODEL = str(json.loads(shipped_files()[MANIFEST])["id"])


async def choose(objects: VersionedObjects) -> str:
    """Let the shipped model score with a rule that alerts; gives the rules' version."""
    await ModelRegistry(objects).put(MODEL, shipped_files())
    version = await RuleRegistry(objects).put(rules("amount > 50000"))
    wanted = Wanted(champion=MODEL, rules=version)
    await change_active(objects, lambda _: ActiveVersions(wanted=wanted))
    return version


async def log_of(world: StackFixture) -> dict[Position, TransactionId]:
    """The ids of the score log by position."""
    keys = [key async for key in world.store.keys(SCORES_PREFIX) if key.endswith(".parquet")]
    tables = [read_parquet(await world.store.read(key)) for key in keys]
    return {row.position: row.transaction_id for table in tables for row in rows_of(table)}


async def published(world: StackFixture) -> list[Alert]:
    """What stands on the stream of alerts."""
    reader = ShardReader(
        world.kinesis, world.settings.alerts_stream, SHARD, Checkpoint(), records_max=100, idle_s=0.0
    )
    found: list[Alert] = []
    while True:
        batch = await reader.read()
        found += [record_of(Alert, record.data) for record in batch.records]
        if batch.at_tip:
            return found


async def test_a_transaction_becomes_a_score_an_alert_and_a_row_of_the_log(world: StackFixture) -> None:
    """The alert stands on its stream, a reconciliation finds the record settled, a status says a refused model."""
    version = await choose(world.store.versioned)
    events = [
        event(SMALL, card_number=card_number(1), amount_minor=1_000),
        event(LARGE, card_number=card_number(1), amount_minor=9_000_000),
    ]
    places = await world.send(*events)
    await world.drain("score")
    names = TableNames.of(world.settings)
    scores, alerts = ScoreTable(world.dynamodb, names.scores), AlertTable(world.dynamodb, names.alerts)
    (small,), (large,) = await scores.of(ACCOUNT, SMALL), await scores.of(ACCOUNT, LARGE)
    assert small.decision == "pass"
    assert (large.model, large.rules, large.decision) == (MODEL, version, "alert")

    found = {alert.transaction_id: alert for alert in await published(world)}
    assert LARGE in found
    stored = await alerts.find(ACCOUNT, AlertId(found[LARGE].alert_id))
    assert stored is not None
    assert record_of(Alert, stored.document) == found[LARGE]
    assert stored.is_published
    assert found[LARGE].rule_hits == ("r0",)
    assert found[LARGE].reasons

    assert await log_of(world) == dict(zip(places, (SMALL, LARGE), strict=True))

    table = ScoreCountTable(world.dynamodb, names.score_counts)
    ((_, document),) = [each async for each in table.since(ACCOUNT, "2026-01-01")]
    counts = record_of(ScoreCounts, document)
    assert (counts.scored, sum(counts.by_score), counts.live, counts.shadow) == (2, 2, {"r0": 1}, {})
    noted = await table.in_use()
    in_use = record_of(VersionsInUse, noted[RULES_PART])
    assert (in_use.model, in_use.rules_version, [each.id for each in in_use.rules]) == (MODEL, version, ["r0"])
    assert record_of(ModelInUse, noted[f"{MODEL_PART}#{MODEL}"]).alert_from >= 100

    evidence = await open_evidence(world.settings, world.dynamodb, world.store)
    read = [StreamRecord(data, places[0], ARRIVED_AT) for data in (*events, event())]
    assert await evidence.faults(read) == [None, None, "missing_in_scores"]

    for keys, refused in ((), MODEL), ([SHIPPED_KEY], None):
        wanted = WantedModel(world.store.versioned, tuple(keys))
        status = await Observer(world.kinesis, world.dynamodb, world.settings, wanted=wanted).look()
        assert (status.refused and status.refused.model) == refused


async def test_states_are_filled_from_the_lake_and_the_stream_is_scored_behind_them(world: StackFixture) -> None:
    """What the lake holds gets no score, and counts for what comes after it."""
    await choose(world.store.versioned)
    await world.send(event(SMALL, card_number=card_number(1)))
    await world.drain("archive")
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(SCORE, world.settings, stopping, partial(open_score, from_lake=True)))
        await until(lambda: world.drained("score"))
        (large,) = await world.send(event(LARGE, card_number=card_number(1), amount_minor=9_000_000))
        await until(lambda: world.drained("score"))
        stopping.set()
    assert await log_of(world) == {large: LARGE}
    key = state_key(ACCOUNT, Event.decode(world.sent[large]).card_id)
    stored = (await states_of(world.context("score")).load([key]))[key]
    history = CardState.of(stored).history
    assert history is not None
    assert (history.knows(SMALL), history.knows(LARGE)) == (True, True)
    scores = ScoreTable(world.dynamodb, TableNames.of(world.settings).scores)
    assert await scores.of(ACCOUNT, SMALL) == []
