"""What a worker tells CloudWatch is what it counted, also while it ended."""

import pytest

from tests.support.emf_lines import KeptLines, Told, by, by_service
from tests.workers.builders import event
from tests.workers.conftest import StackFixture
from txn_core.logs import telemetry


async def test_the_lines_of_a_worker_add_up(world: StackFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record is in a line, although the process ended before its first minute was over."""
    sink = KeptLines()
    monkeypatch.setattr(telemetry, "_sinks", [sink])
    await world.send(*(event() for _ in range(7)), b"no event")
    await world.drain("index", settings=world.settings.model_copy(update={"emf": True}))
    told = Told(sink.lines)
    assert told.sums[by_service("txn_index_records_total", "worker-index")] == 8
    assert told.sums[by("txn_index_dead_letters_total", "worker-index", "reason", "undecodable")] == 1
    assert told.sums[by_service("txn_index_dead_letters_total", "worker-index")] == 1
    assert told.sums[by_service("txn_index_leases_owned", "worker-index")] == 0
    assert told.counts[by_service("txn_index_flush_records", "worker-index")] >= 1
