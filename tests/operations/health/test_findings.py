"""Each threshold, just at it and just over it, and what is said then."""

from copy import deepcopy
from typing import Any

import pytest

from operations.alarms.alarm_table import alarms_of
from operations.health.findings import findings, worst
from operations.http.examples import REPORT
from operations.runbook.runbook import RUNBOOK
from operations.runbook.runbook_entry import RunbookEntry, thresholds_of
from operations.shapes import ApiFigures, DeadLetterFigures, DrainFigures, FindingShape, MissingShape

GOOD: dict[str, Any] = deepcopy(REPORT)
GOOD["drains"]["drains"][0] |= {"lag_s": 1.0}


def found(changes: dict[str, Any], missing: tuple[MissingShape, ...] = ()) -> list[FindingShape]:
    """The findings of a good report with some values changed, by paths such as `api.p99_ms`."""
    report = deepcopy(GOOD)
    for path, value in changes.items():
        *outer, last = path.split(".")
        place: Any = report
        for step in outer:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return findings(
        ApiFigures.model_validate(report["api"]),
        DrainFigures.model_validate(report["drains"]),
        DeadLetterFigures.model_validate(report["dead_letters"]),
        list(missing),
    )


DRAIN = "drains.drains.0"
CASES: list[tuple[dict[str, Any], tuple[str, str] | None]] = [
    ({f"{DRAIN}.lag_s": 30.0}, None),
    ({f"{DRAIN}.lag_s": 30.1}, ("warning", "index_lag")),
    ({f"{DRAIN}.lag_s": 60.1}, ("critical", "index_lag")),
    ({f"{DRAIN}.lag_s": 60.1, f"{DRAIN}.name": "score"}, ("warning", "drain_lag")),
    ({f"{DRAIN}.lag_s": 121.0, f"{DRAIN}.name": "archive"}, ("critical", "drain_lag")),
    ({f"{DRAIN}.unowned": 2, f"{DRAIN}.unowned_lag_s": 30.0}, None),
    ({f"{DRAIN}.unowned": 2, f"{DRAIN}.unowned_lag_s": 31.0}, ("critical", "unowned_shards")),
    ({f"{DRAIN}.amiss": "the leases are of another stream"}, ("critical", "foreign_leases")),
    ({f"{DRAIN}.ledger": {"agreeing": 5, "differing": 1}}, ("critical", "ledgers")),
    ({"api.answers.3.recent": 15}, None),
    ({"api.answers.3.recent": 16}, ("warning", "server_errors")),
    ({"api.answers.3.recent": 152}, ("critical", "server_errors")),
    ({"api.load_refused": 151}, ("warning", "load_refused")),
    ({"api.load_refused": 1_504}, ("critical", "load_refused")),
    ({"api.p99_ms": 500.0}, None),
    ({"api.p99_ms": 500.1}, ("warning", "latency")),
    ({"api.p99_ms": 2500.1}, ("critical", "latency")),
    ({"api.shards.0.throttled": 1}, ("warning", "throttles")),
    ({"dead_letters.reasons.0.waiting": 1}, ("warning", "dead_letters")),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_a_threshold(changes: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert [(each.state, each.figure) for each in found(changes)] == ([] if expected is None else [expected])


def test_few_answers_say_nothing() -> None:
    """One failure of three requests is no rate."""
    few: dict[str, Any] = {f"api.answers.{at}.recent": count for at, count in enumerate((2, 0, 0, 1))}
    assert found(few | {"api.p99_ms": 9_000.0}) == []


def test_the_worst_comes_first_and_names_the_whole() -> None:
    both = found({"api.p99_ms": 501.0, f"{DRAIN}.lag_s": 61.0})
    assert [each.state for each in both] == ["critical", "warning"]
    assert worst(both) == "critical"
    assert worst([]) == "ok"


def test_a_part_that_cannot_be_read_is_a_finding() -> None:
    """One that is being read for the first time is none."""
    away = MissingShape(part="dead_letters", reason="store_unavailable")
    (finding,) = found({}, (away, MissingShape(part="drains", reason="being_read")))
    assert (finding.state, finding.subject) == ("warning", "dead_letters")
    assert "dead letters" in finding.text


@pytest.mark.parametrize("entry", RUNBOOK, ids=lambda entry: entry.name)
def test_every_entry_says_what_to_do(entry: RunbookEntry) -> None:
    assert entry.first_look
    assert entry.safe_action
    assert entry.stop
    assert entry.warning is None or entry.critical is None or entry.warning < entry.critical
    has_threshold = entry.warning is not None or entry.critical is not None
    assert ("above" in thresholds_of(entry)) is has_threshold
    assert has_threshold or alarms_of(entry), "nothing leads to it"


def test_every_entry_is_reached_by_some_figures() -> None:
    """No threshold is only said."""
    reached = {finding.figure for changes, _ in CASES for finding in found(changes)}
    assert reached | {"missing"} == {entry.name for entry in RUNBOOK if thresholds_of(entry)}
