"""All stores of the scorer are away for a minute, or one alone: nothing is lost, and alerts go on behind it."""

import asyncio
from dataclasses import dataclass

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.memory_versions import Life
from tests.workers.score.score_world import Process, ScoreWorld
from tests.workers.score.test_score_processor import stream
from workers.retries import Patience, pause_s

AWAY_S = 60.0
BACK_S_MAX = 10.0
OUTAGES = {"all": 8, "dynamodb": 4, "s3": 3, "kinesis": 3}
"""At how many of its calls each goes away."""


class Outage(Life):
    """Stores go away at one call, for a minute by a clock that passes in pauses alone."""

    def __init__(self, at_call: int) -> None:
        self._at_call, self._until_s = at_call, 0.0
        self.now_s = 0.0
        super().__init__()

    @property
    def is_dead(self) -> bool:
        """Never; asked before each call, and while the stores are away there is no answer."""
        if self.calls >= self._at_call and not self._until_s:
            self._until_s = self.now_s + AWAY_S
        if self.now_s < self._until_s:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        return False

    @is_dead.setter
    def is_dead(self, _: bool) -> None:
        pass

    @property
    def was_away(self) -> bool:
        """Whether the outage has begun."""
        return self._until_s > 0


@dataclass(frozen=True)
class Lives:
    """The calls to some stores alone; those to the others always come through."""

    away: str
    life: Life

    def begun(self, world: ScoreWorld) -> Process:
        """A process that makes these calls."""
        tables, bucket, alerts = (
            self.life if self.away in {"all", each} else Life() for each in ("dynamodb", "s3", "kinesis")
        )
        return world.begun(tables, bucket=bucket, alerts=alerts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[Outage]:
    """The outage whose clock pauses move."""
    current: list[Outage] = []

    async def pause(_: Patience, _what: str, _error: Exception, failures: int) -> None:
        wakes_s = current[0].now_s + pause_s(failures)
        await asyncio.sleep(0)
        current[0].now_s = max(current[0].now_s, wakes_s)

    monkeypatch.setattr(Patience, "pause", pause)
    return current


@pytest.mark.parametrize("away", OUTAGES)
async def test_an_outage_of_a_minute_at_any_call_changes_nothing(away: str, clock: list[Outage]) -> None:
    read = stream()
    usual = Lives(away, Life())
    whole = ScoreWorld()
    await usual.begun(whole).drain(read)
    expected, calls = whole.found(), usual.life.calls
    assert expected["published"]
    for at_call in range(0, calls, -(-calls // OUTAGES[away])):
        outage, world = Outage(at_call), ScoreWorld()
        clock[:] = [outage]
        await Lives(away, outage).begun(world).drain(read)
        assert outage.was_away, at_call
        assert world.found() == expected, at_call
        assert AWAY_S <= outage.now_s <= AWAY_S + BACK_S_MAX, at_call
