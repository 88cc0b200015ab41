"""The fault suite itself, for one short run; `make chaos SEEDS=50` runs fifty long ones."""

from pathlib import Path

import pytest

from tests.chaos.run import run
from tests.chaos.schedule import Schedule
from tests.chaos.system import Servers

SEED = 2
LOAD_S = 5.0


async def test_no_promise_is_broken(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """Kills, zombies, reshards and errors under load; then all that was made of it is held against the answers."""
    async with Servers.up(tmp_path / "servers") as servers:
        report = await run(servers, Schedule.of(SEED, LOAD_S), tmp_path / "chaos-short")
    assert report.failures == []
    assert report.tally.compared["acknowledged"] > 0
    assert report.tally.answers["202, replayed"] > 0
    assert report.tally.compared["rows in the score log"] > 0
    assert report.tally.changes["versions changed"] == 1
    assert report.tally.kills.total() > 0
    assert report.tally.injected.total() > 0
