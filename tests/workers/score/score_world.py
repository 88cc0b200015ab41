"""What the scorer stands between, in memory: it outlives processes, each of which can be killed at any call."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final, TypeVar

import pyarrow as pa

from fraud.model.model import Model, Scored
from fraud.model.reasons import Reason
from fraud.records.alert import Alert
from fraud.records.case import Case
from fraud.records.documents import record_of
from fraud.records.score_counts import ScoreCounts
from fraud.records.score_row import ScoreRow
from fraud.review.alert_desk import AlertDesk
from fraud.rules.rule_set import RuleSet
from fraud.scoring.card_state import CardState
from fraud.scoring.score_log import rows_of
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.versions import PinnedVersions, Versions
from tests.builders import keys
from tests.fraud.review import memory_tables
from tests.fraud.review.memory_tables import MemoryAlerts, MemoryCases
from tests.fraud.rules.written import rule_set
from tests.fraud.scoring.made_models import CHALLENGER, CHAMPION, model
from tests.support.memory_versions import DeadError, Life
from tests.workers.builders import ALICE, lease
from tests.workers.memory_table import MemoryTable
from txn_core.dynamodb.card_states import CardStateDocument, CardStateTable, StoredCardState
from txn_core.dynamodb.review.score_counts import CountItem, CountKey, ScoreCountTable
from txn_core.dynamodb.review.scores import ScoreItem, ScoreTable
from txn_core.kinesis.record_batch import RecordBatch, StreamRecord
from txn_core.lake.layout import DEAD_LETTER_PREFIX, SCORES_PREFIX
from txn_core.lake.parquet import read_parquet
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.leases.checkpointing import Checkpointer
from workers.leases.held import HeldLease
from workers.leases.lease import Lease, WorkerName
from workers.leases.ledger_table import LedgerTable
from workers.metrics import ShardLag, WorkerMetrics
from workers.planned.planned_object import PlannedObjects
from workers.reading.read_position import behind
from workers.reading.reader import Batch
from workers.retries import retry_outages
from workers.score.alert_outbox import AlertOutbox
from workers.score.count_keeper import CountKeeper
from workers.score.drift_watch import DriftWatch
from workers.score.score_metrics import ScoreMetrics
from workers.score.score_objects import ScoreObjects
from workers.score.score_processor import FlushLimits, ScoreProcessor, ScoreSite
from workers.score.scorer import Scorer

T = TypeVar("T")
RULES: Final = rule_set("amount > 50000")
FIRST: Final = PinnedVersions(CHAMPION, None, RULES.version)
SECOND: Final = PinnedVersions(CHALLENGER, CHAMPION, RULES.version)


class QuickModel(Model):
    """A model that explains a score once, however often a test asks: to explain takes as long as a hundred scores."""

    __slots__ = ()

    def reasons(self, scored: Scored) -> tuple[Reason, ...]:
        return _explained(self.id, scored)


@cache
def quick(model_id: str) -> QuickModel:
    """The shipped model under an id."""
    sound = model(model_id)
    return QuickModel(sound.manifest, sound.trees, sound.first, sound.second)


@cache
def _explained(model_id: str, scored: Scored) -> tuple[Reason, ...]:
    return model(model_id).reasons(scored)


class _Steps(memory_tables.Steps):
    """The calls of one life to the tables of reviewers."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        life = self._life
        if life.is_dead:
            raise DeadError
        life.calls += 1
        ends = life.calls == life.ends_at
        life.is_dead = ends
        if ends and not life.behind:
            raise DeadError
        yield
        if ends:
            raise DeadError


class _Leases(MemoryTable):
    def __init__(self, stored: dict[Any, Lease], life: Life) -> None:
        self.stored, self._life = stored, life

    async def write(self, seen: Lease, wanted: Lease) -> bool:
        def write() -> bool:
            if not self._is_as_seen(seen):
                return False
            self.stored[seen.shard_id] = wanted
            return True

        return self._life.take(write)


class _Ledger(LedgerTable):
    def __init__(self) -> None:
        pass

    async def put_leaving(self, *_: Any) -> None:
        pass


@dataclass
class _States(CardStateTable):
    items: dict[str, StoredCardState]
    life: Life
    answers: asyncio.Event

    async def load(self, keys: Iterable[str]) -> dict[str, StoredCardState]:
        return self.life.take(lambda: {key: self.items[key] for key in keys if key in self.items})

    async def put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        def put() -> bool:
            there = self.items.get(key)
            if (None if there is None else there.version) != seen_version:
                return False
            self.items[key] = StoredCardState(document, 0 if seen_version is None else seen_version + 1)
            return True

        await self.answers.wait()
        await asyncio.sleep(0)
        return self.life.take(put)


@dataclass
class _Scores(ScoreTable):
    shown: dict[str, list[ScoreItem]]
    life: Life

    async def put_all(self, items: Sequence[ScoreItem]) -> None:
        def put() -> None:
            for item in items:
                self.shown[item.transaction_id].append(item)

        self.life.take(put)


@dataclass
class _Counts(ScoreCountTable):
    counts: dict[CountKey, CountItem]
    life: Life

    async def of(self, key: CountKey) -> CountItem | None:
        return self.life.take(lambda: self.counts.get(key))

    async def put(self, key: CountKey, item: CountItem, *, seen: str | None, day_s: int) -> bool:
        def put() -> bool:
            there = self.counts.get(key)
            if (None if there is None else there.through) != seen:
                return False
            self.counts[key] = item
            return True

        assert day_s % 86_400 == 0
        return self.life.take(put)


@dataclass
class _Store:
    """The bucket of the lake."""

    objects: dict[str, tuple[bytes, Mapping[str, str]]]
    life: Life
    dies_at_object: bool = False

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        def put() -> bool:
            if self.dies_at_object and key.startswith(SCORES_PREFIX):
                raise DeadError
            is_new = key not in self.objects
            self.objects.setdefault(key, (body, metadata))
            return is_new

        return self.life.take(put)

    async def find(self, key: str) -> Mapping[str, str] | None:
        return self.life.take(lambda: self.objects[key][1] if key in self.objects else None)

    async def read(self, key: str) -> bytes:
        return self.life.take(lambda: self.objects[key][0])


@dataclass
class _Stream:
    """The stream of alerts."""

    published: list[Alert]
    life: Life

    async def put_record(self, *, Data: bytes, **_: Any) -> None:  # noqa: N803 - as Kinesis names it
        self.life.take(lambda: self.published.append(record_of(Alert, Data)))


@dataclass
class Watch:
    """The registry: what is wanted, and what can be loaded."""

    wanted: PinnedVersions = FIRST
    models: dict[str, Model] = field(default_factory=lambda: {id_: quick(id_) for id_ in (CHAMPION, CHALLENGER)})
    rules: dict[str, RuleSet] = field(default_factory=lambda: {RULES.version: RULES})
    disabled: list[frozenset[str]] = field(default_factory=list)

    async def wanted_after(self, _: object) -> PinnedVersions:
        return self.wanted

    async def versions(self, pinned: PinnedVersions) -> Versions:
        champion, challenger = (self.models.get(str(each)) for each in (pinned.model, pinned.challenger))
        return Versions(champion, challenger, self.rules.get(str(pinned.rules)))

    def note_failing(self, _: str, failing: frozenset[str]) -> None:
        self.disabled.append(failing)


@dataclass
class ScoreWorld:
    """The stores of the scorer, and one shard's lease. Without `states_answer` a write of a card state hangs."""

    rows: dict[Any, Lease] = field(default_factory=lambda: {lease().shard_id: lease()})
    states: dict[str, StoredCardState] = field(default_factory=dict)
    shown: dict[str, list[ScoreItem]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[CountKey, CountItem] = field(default_factory=dict)
    reviewed: memory_tables.Stored = field(default_factory=memory_tables.Stored)
    objects: dict[str, tuple[bytes, Mapping[str, str]]] = field(default_factory=dict)
    published: list[Alert] = field(default_factory=list)
    watch: Watch = field(default_factory=Watch)
    states_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.states_answer.set()

    def begun(
        self,
        life: Life | None = None,
        *,
        bucket: Life | None = None,
        alerts: Life | None = None,
        counts: Life | None = None,
        owner: WorkerName = ALICE,
        row: Lease | None = None,
        records_max: int = 5,
        age_s: float = 60.0,
        dies_at_object: bool = False,
    ) -> "Process":
        """A process that has taken the lease of the shard, or the lease that a row is.

        Its calls to the bucket, to the stream of alerts, and to the table of counts may be of a life of their own.
        """
        life = life or Life()
        seen = self.rows[(row or lease()).shard_id]
        taken = self.rows[seen.shard_id] = seen.taken(owner)
        metrics = WorkerMetrics("score")
        noted, store = ScoreMetrics(metrics), _Store(self.objects, bucket or life, dies_at_object)
        steps = _Steps(life)
        desk = AlertDesk(MemoryAlerts(self.reviewed, steps), MemoryCases(self.reviewed, steps), keys())
        scorer = Scorer(
            scores=_Scores(self.shown, life),
            outbox=AlertOutbox(desk, _Stream(self.published, alerts or life), "alerts", keys(), noted),  # type: ignore[arg-type]
            dead_letters=DeadLetterBox(store, Seal(b"k" * 32), "score", "stream", metrics),  # type: ignore[arg-type]
            versions=self.watch,  # type: ignore[arg-type]
            counts=noted,
            drift=DriftWatch(noted),
        )
        objects = ScoreObjects(PlannedObjects(store, SCORES_PREFIX), asyncio.Semaphore(1))  # type: ignore[arg-type]
        kept = CountKeeper(_Counts(self.counts, counts or life))
        site = ScoreSite(scorer, objects, kept, Checkpointer(_Ledger()), metrics, FlushLimits(records_max, age_s))
        held = HeldLease(_Leases(self.rows, life), taken)
        memory = StateMemory(_States(self.states, life, self.states_answer), retry_outages)
        return Process(held, ScoreProcessor(site, memory, held, ShardLag()), memory, life, metrics)

    def log(self) -> list[ScoreRow]:
        """The rows of the score log, in the order of the stream."""
        tables: Iterator[pa.Table] = (
            read_parquet(body) for key, (body, _) in self.objects.items() if key.startswith(SCORES_PREFIX)
        )
        return sorted(
            (row for table in tables for row in rows_of(table)), key=lambda row: row.position.within_shard()
        )

    def dead_letters(self) -> list[str]:
        """The names of the dead letters."""
        return sorted(key for key in self.objects if key.startswith(DEAD_LETTER_PREFIX))

    def alerts(self) -> list[Alert]:
        """The alerts that are stored."""
        return [record_of(Alert, item.document) for item in self.reviewed.alerts.values()]

    def cases(self) -> list[Case]:
        """The cases that are stored."""
        return [record_of(Case, item.document) for item in self.reviewed.cases.values()]

    def found(self) -> dict[str, object]:
        """All that a run leaves, but for moments at which something was done."""
        (row,) = self.rows.values()
        return {
            "rows": [replace(each, scored_at="") for each in self.log()],  # type: ignore[arg-type]
            "shown": {id_: items[-1] for id_, items in self.shown.items()},
            "alerts": sorted((a.transaction_id, a.case_id, a.score, a.rule_hits, a.reasons) for a in self.alerts()),
            "cases": sorted(
                (case.case_id, tuple(sorted(each.alert_id for each in case.alerts))) for case in self.cases()
            ),
            "published": sorted({(alert.alert_id, alert.case_id) for alert in self.published}),
            "states": {key: (CardState.of(s).applied, s.document.history) for key, s in self.states.items()},
            "counts": {key: record_of(ScoreCounts, item.document) for key, item in self.counts.items()},
            "dead_letters": self.dead_letters(),
            "place": (row.checkpoint, row.plan),
            "ledger": None if row.ledger is None else row.ledger.open,
        }


@dataclass
class Process:
    """One process that scores the shard."""

    lease: HeldLease
    processor: ScoreProcessor
    memory: StateMemory
    life: Life
    metrics: WorkerMetrics

    async def drain(
        self,
        records: Sequence[StreamRecord],
        *,
        at_once: int = 4,
        before: Callable[[int], None] = lambda _: None,
        finish: bool = True,
    ) -> None:
        """Take what stands behind the checkpoint, so many records at once; `before` is told of each batch."""
        left = behind(self.lease.row.checkpoint, RecordBatch.of(records))
        for number, start in enumerate(range(0, len(left), at_once)):
            before(number)
            part = left[start : start + at_once]
            await self.processor.take(Batch(part, at_tip=start + at_once >= len(left), ended=False))
        if finish:
            await self.processor.finish()

    def count(self, name: str, **labels: str) -> float:
        """A count of the process."""
        return self.metrics.registry.get_sample_value(f"txn_score_{name}", labels) or 0.0
