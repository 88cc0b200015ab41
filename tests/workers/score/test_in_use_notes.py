"""What a scorer notes of the versions that score: once, again when they change, and after an outage."""

import asyncio
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ClientError

from fraud.records.documents import record_of
from fraud.records.in_use import ABOUT_CHARS_MAX, ModelInUse, VersionsInUse
from fraud.rules.rule import Rule
from fraud.scoring.versions import PinnedVersions
from tests.fraud.scoring.made_models import CHALLENGER, CHAMPION, model
from tests.txn_api.asgi import until
from tests.workers.score.score_world import FIRST, RULES, SECOND, Watch
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.exceptions import StoreError
from workers.score.in_use_notes import InUseNotes, rules_in_use


def refusal(code: str) -> ClientError:
    """What DynamoDB answers when it refuses for good."""
    return ClientError({"Error": {"Code": code}}, "PutItem")


@dataclass
class Noted(ScoreCountTable):
    """The notes in memory; the first ones may be lost to an outage."""

    parts: dict[str, str] = field(default_factory=dict)
    writes: int = 0
    outages: int = 0
    error: Exception = field(default_factory=TimeoutError)

    async def note_in_use(self, part: str, document: str) -> None:
        if self.outages:
            self.outages -= 1
            raise self.error
        self.writes += 1
        self.parts[part] = document


def notes(table: Noted, watch: Watch) -> InUseNotes:
    return InUseNotes(table, watch, every_s=0.001)  # type: ignore[arg-type]


async def test_what_is_wanted_is_noted_once_and_again_when_it_changes() -> None:
    table, watch = Noted(), Watch(FIRST)
    noting = notes(table, watch)
    for _ in range(3):
        await noting.note()
    assert table.writes == 2
    found = record_of(VersionsInUse, table.parts["rules"])
    assert (found.model, found.rules_version) == (CHAMPION, RULES.version)
    assert [(rule.id, rule.mode, rule.action) for rule in found.rules] == [("r0", "live", "alert")]
    sound = model(CHAMPION)
    known = record_of(ModelInUse, table.parts[f"model#{CHAMPION}"])
    assert known.alert_from == sound.calibrated(sound.manifest.thresholds.alert)
    watch.wanted = SECOND
    await noting.note()
    assert record_of(VersionsInUse, table.parts["rules"]).model == CHALLENGER
    assert set(table.parts) == {"rules", f"model#{CHAMPION}", f"model#{CHALLENGER}"}


async def test_without_a_model_and_rules_that_is_noted() -> None:
    table = Noted()
    await notes(table, Watch(PinnedVersions())).note()
    found = record_of(VersionsInUse, table.parts["rules"])
    assert (found.model, found.rules_version, found.rules) == (None, None, ())
    assert set(table.parts) == {"rules"}


@pytest.mark.parametrize(
    "error", [TimeoutError(), refusal("ResourceNotFoundException"), refusal("AccessDeniedException"), StoreError("x")]
)
async def test_whatever_the_table_answers_the_task_goes_on_and_a_bug_ends_it(error: Exception) -> None:
    table = Noted(outages=3, error=error)
    running = asyncio.create_task(notes(table, Watch()).run())
    await until(lambda: "rules" in table.parts)
    running.cancel()
    with pytest.raises(RuntimeError):
        await notes(Noted(outages=1, error=RuntimeError()), Watch()).run()


def test_a_description_is_short() -> None:
    rule = Rule(
        id="r",
        when="amount > 1",
        action="note",
        mode="live",
        owner="ann",
        expires_at="2027-01-01T00:00:00.000000Z",
        about="x" * 500,
    )
    (found,) = rules_in_use([rule])
    assert found.about == "x" * ABOUT_CHARS_MAX
