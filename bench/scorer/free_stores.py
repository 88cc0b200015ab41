"""A scorer whose stores cost nothing: dictionaries for DynamoDB, and nothing behind S3, Kinesis and the lease."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, cast

from devkit.site import Site

from bench.scorer.counting_client import CountingClient
from bench.scorer.simulated import fifty_rules
from fraud.model.loading import load_model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.rules.rule_set import RuleSet
from fraud.scoring.state_memory import StateMemory
from fraud.scoring.versions import PinnedVersions, Versions
from txn_cli.stack.endpoints import Endpoints
from txn_core.aws.objects import ObjectStore
from txn_core.drains import SCORE
from txn_core.positions import Position, ShardId
from txn_core.settings import Settings
from workers.context import DrainContext
from workers.events.dead_letters import Seal
from workers.leases.lease import FlushPlan, Lease, WorkerName
from workers.leases.ledger import Tally
from workers.leases.version_pin import VersionPin
from workers.metrics import ShardLag, WorkerMetrics
from workers.retries import retry_outages
from workers.score.score_drain import site_of, states_of
from workers.score.score_processor import ScoreProcessor
from workers.score.version_watch import VersionWatch

SHARD: Final = ShardId("shardId-000000000000")
_NOWHERE: Final = "http://127.0.0.1:9"


@dataclass(slots=True)
class FreeLease:
    """A place that nobody else wants."""

    row: Lease

    async def store_plan(self, plan: FlushPlan) -> None:
        """Keep the plan."""
        self.row = self.row.planned(plan)

    async def pin(self, pin: VersionPin) -> None:
        """Keep the pin."""
        self.row = self.row.pinned(pin)

    async def advance(self, to: Position, tally: Tally | None = None) -> None:
        """Keep the checkpoint."""
        self.row = self.row.advanced(to, tally, fresh_epoch="bench")


@dataclass(slots=True)
class FreeStream:
    """A stream that takes what is put; `put` counts it."""

    put: int = 0

    async def put_record(self, **_: Any) -> None:
        """Count a record."""
        self.put += 1


class FreeObjects(ObjectStore):
    """A bucket that forgets what is written, and counts its bytes."""

    def __init__(self) -> None:
        super().__init__(cast("Any", None), "nowhere")
        self.bytes = 0

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:  # noqa: ARG002 - as it is called
        """Count an object."""
        self.bytes += len(body)
        return True


class KeptObjects(FreeObjects):
    """A bucket that keeps what is written, by its keys."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, bytes] = {}

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        """Keep an object unless its key is taken."""
        if key in self.kept:
            return False
        self.kept[key] = body
        return await super().put_if_absent(key, body, metadata)


class PinnedForEver(VersionWatch):
    """Versions that never change."""

    def __init__(self, only: Versions) -> None:
        self._only = only

    async def wanted_after(self, _: VersionPin | None) -> PinnedVersions:
        """The ids of the versions."""
        champion, challenger, rules = self._only
        return PinnedVersions(
            None if champion is None else champion.id,
            None if challenger is None else challenger.id,
            None if rules is None else rules.version,
        )

    async def versions(self, _: PinnedVersions) -> Versions:
        """The versions."""
        return self._only


def usual_versions() -> Versions:
    """The shipped model, and fifty rules."""
    return Versions(load_model(shipped_files(), [SHIPPED_KEY]), None, RuleSet.of(fifty_rules()))


@dataclass(slots=True)
class FreeScorer:
    """A scorer of one process, with 50 rules and the shipped model unless other versions are given."""

    settings: Settings
    client: CountingClient = field(default_factory=CountingClient)
    versions: Versions = field(default_factory=usual_versions)
    stream: FreeStream = field(default_factory=FreeStream)
    objects: FreeObjects = field(default_factory=FreeObjects)

    def processor(self, shard_id: ShardId = SHARD) -> ScoreProcessor:
        """What scores one shard from its beginning."""
        context = DrainContext(
            SCORE,
            self.settings,
            cast("Any", self.stream),
            cast("Any", self.client),
            self.objects,
            Seal.of(self.settings),
            WorkerMetrics(SCORE.name),
        )
        site = site_of(context)
        site = replace(site, scorer=replace(site.scorer, versions=PinnedForEver(self.versions)))
        memory = StateMemory(states_of(context), partial(retry_outages), self.settings.score_states_bytes_max)
        return ScoreProcessor(
            site, memory, FreeLease(Lease(shard_id=shard_id, owner=WorkerName("bench"))), ShardLag()
        )


@contextmanager
def free_settings(**given: str) -> Iterator[Settings]:
    """The settings of a process with keys of its own, `TXN_*` that are given, and servers that nobody asks."""
    with Site.on(Endpoints(_NOWHERE, _NOWHERE, _NOWHERE, "bench", "bench"), api_port=0, **given) as at:
        yield at.settings
