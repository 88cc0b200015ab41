"""Collects what the scorer of a run has made, once its workers are stopped."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.chaos import wishes
from tests.chaos.judging import views
from tests.chaos.judging.scores import reading
from tests.chaos.judging.scores.evidence import ScoreEvidence
from tests.chaos.judging.scores.lineage import Lineage
from txn_core import drains
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.event import Event
from txn_core.transactions.identity import KeyRing
from txn_core.transactions.instants import instant_of

if TYPE_CHECKING:
    from tests.chaos.system import System


async def score_evidence(system: "System", found: views.Views, poison: frozenset[bytes]) -> ScoreEvidence:
    """The evidence on the scorer, beside what the other drains have made."""
    settings = system.settings
    names = TableNames.of(settings)
    states = names.of_drain(drains.SCORE.name, drains.SCORE.tables[0].name)
    events: Mapping[views.Place, Event] = {
        place: Event.decode(data) for place, data in found.stream.items() if data not in poison
    }
    async with Aws(settings).dynamodb() as dynamodb, Aws(settings).s3() as s3:
        return ScoreEvidence(
            events=events,
            arrivals={row.place: instant_of(row.columns["arrived_at"]) for row in found.rows},
            lineage=Lineage(await system.stream.parents()),
            registry=wishes.registry(),
            keys=KeyRing.from_settings(settings),
            rows=await reading.log_of(s3, settings.lake_bucket),
            items=reading.items_by_record(await reading.scanned(dynamodb, names.scores)),
            states=reading.states_of(await reading.scanned(dynamodb, states)),
            alerts=reading.alerts_of(await reading.scanned(dynamodb, names.alerts)),
            cases=reading.cases_of(await reading.scanned(dynamodb, names.cases)),
            published=list(views.placed(await system.alerts.stored()).values()),
        )
