"""A log that lacks lines says so where operators look."""

import pytest
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from txn_core.logs import telemetry
from txn_core.logs.log_budget import EventBudget
from txn_core.logs.log_metrics import LogMetrics
from txn_core.logs.log_queue import LogQueue


def test_dropped_lines_are_counted_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that is there is seen to rise, and never falls."""
    monkeypatch.setattr(telemetry, "_queues", [])
    registry = CollectorRegistry()
    LogMetrics(registry, "txn_api")
    assert b"\ntxn_api_log_lines_dropped_total 0.0\n" in generate_latest(registry)
    for lost in (2, 3):
        queue = LogQueue(-1, lambda lines: b"")
        for _ in range(lost):
            queue.put(b"line\n")
        queue.close()
        telemetry._queues.append(queue)
    assert b"\ntxn_api_log_lines_dropped_total 5.0\n" in generate_latest(registry)


def test_lines_past_the_budget_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apart from those that nobody took."""
    budget = EventBudget(1, 10, clock=lambda: 0.0)
    monkeypatch.setattr(telemetry, "_budgets", [budget])
    registry = CollectorRegistry()
    LogMetrics(registry, "txn_api")
    budget(None, "info", {"event": "a"})
    for _ in range(3):
        with pytest.raises(structlog.DropEvent):
            budget(None, "info", {"event": "a"})
    assert b"\ntxn_api_log_lines_left_out_total 3.0\n" in generate_latest(registry)
