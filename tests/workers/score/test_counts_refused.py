"""A table of counts that refuses or throttles them holds up no scores, and counts nothing twice when it is back."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from fraud.records.documents import record_of
from fraud.records.score_counts import ScoreCounts
from tests.support.memory_versions import Life
from tests.workers.score.score_world import ScoreWorld
from tests.workers.score.test_score_processor import stream
from workers import retries
from workers.score.count_keeper import THROTTLES_MAX

T = TypeVar("T")

MISSING, DENIED, THROTTLED = "ResourceNotFoundException", "AccessDeniedException", "ThrottlingException"


class Refusing(Life):
    """The calls to the table of counts, of which the first ones are answered by an error."""

    def __init__(self, code: str, refused: int = 10**6) -> None:
        super().__init__()
        self.code, self.refused, self.asked = code, refused, 0

    def take(self, effect: Callable[[], T]) -> T:
        self.asked += 1
        if self.asked <= self.refused:
            raise ClientError({"Error": {"Code": self.code}}, "GetItem")
        return effect()


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "pause_s", lambda _: 0.0)


def counted(world: ScoreWorld) -> int:
    return sum(record_of(ScoreCounts, item.document).scored for item in world.counts.values())


async def expected() -> dict[str, object]:
    """What an undisturbed run leaves."""
    world = ScoreWorld()
    await world.begun().drain(stream())
    assert counted(world) == len(world.log())
    return world.found()


@pytest.mark.parametrize("code", [MISSING, DENIED])
async def test_a_table_that_refuses_is_logged_once_and_all_else_is_done(code: str) -> None:
    world, life = ScoreWorld(), Refusing(code)
    with capture_logs() as logs:
        await world.begun(counts=life).drain(stream())
    assert life.asked > 1
    assert world.found() == await expected() | {"counts": {}}
    assert [log["error"] for log in logs if log["event"] == "score_counts_left_out"] == [code]


async def test_a_throttle_is_waited_for_so_often_and_then_passed_over() -> None:
    """A flush has one account and day here. A throttle that ends before costs no counts."""
    usual = await expected()
    short = ScoreWorld()
    await short.begun(counts=Refusing(THROTTLED, THROTTLES_MAX - 1)).drain(stream())
    assert short.found() == usual
    long, life = ScoreWorld(), Refusing(THROTTLED)
    with capture_logs() as logs:
        await long.begun(counts=life).drain(stream())
    assert long.found() == usual | {"counts": {}}
    left_out = [log["error"] for log in logs if log["event"] == "score_counts_left_out"]
    assert left_out == [THROTTLED] * (life.asked // THROTTLES_MAX)
    assert len(left_out) > 1


async def test_what_follows_is_counted_once_when_the_table_is_back() -> None:
    """Of what was refused nothing is counted later."""
    world = ScoreWorld()
    await world.begun(counts=Refusing(MISSING, 1)).drain(stream())
    later = counted(world)
    assert 0 < later < len(world.log())
    await world.begun().drain(stream())
    assert counted(world) == later
