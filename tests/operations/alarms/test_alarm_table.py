"""The table of alarms: whole, without a library, and in step with what it names."""

import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

import pytest

from operations.alarms.alarm import Alarm, condition_of
from operations.alarms.alarm_table import ALARMS
from operations.alarms.drain_alarms import DEAD_LETTER_REASONS, LAG_S_MAX
from operations.alarms.expressions import OwnMetric, series_of
from operations.dashboard.cloudwatch_dashboard import DIMENSIONS
from operations.runbook.drain_entries import DRAIN_LAG, INDEX_LAG
from operations.runbook.runbook import RUNBOOK
from txn_core import drains
from workers.events.reasons import Reason

SOURCE: Final = Path(__file__).parents[3] / "src"

METRICS_MAX = 10
"""Metrics of an alarm on a math expression (CloudWatch User Guide, "Alarms on math expressions")."""


def test_names_are_unique() -> None:
    assert len({alarm.name for alarm in ALARMS}) == len(ALARMS)


def test_every_drain_and_every_reason_has_its_alarms() -> None:
    """The table repeats their names, since it imports neither."""
    assert tuple(LAG_S_MAX) == drains.names()
    assert set(DEAD_LETTER_REASONS) == set(get_args(Reason))


def test_an_alarm_and_a_finding_of_lag_have_one_threshold() -> None:
    assert {drain: INDEX_LAG.critical if drain == "index" else DRAIN_LAG.critical for drain in LAG_S_MAX} == LAG_S_MAX


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_an_alarm_can_be_made(alarm: Alarm) -> None:
    """It leads to an entry of the runbook, has a sentence, and keeps to CloudWatch's limits."""
    assert alarm.runbook in RUNBOOK
    assert alarm.summary.endswith(".")
    assert condition_of(alarm)
    when = alarm.when
    assert 1 <= when.datapoints <= when.periods
    assert when.periods * when.period_s <= 86_400
    assert when.period_s % 60 == 0
    assert when.periods == 1 or when.period_s == 60
    assert len(list(series_of(alarm.expression))) <= METRICS_MAX


def test_a_label_of_an_alarm_is_a_dimension_in_cloudwatch() -> None:
    """Beside the kind of process; the route is one of the times alone (docs/telemetry.md)."""
    labels = {
        (series.label[0], series.statistic)
        for alarm in ALARMS
        for series in series_of(alarm.expression)
        if isinstance(series, OwnMetric) and series.label is not None
    }
    assert labels
    assert labels <= {*((name, "Sum") for name in DIMENSIONS), ("route", "p99")}


def test_only_a_heartbeat_takes_silence_for_bad() -> None:
    assert {alarm.runbook.name for alarm in ALARMS if alarm.missing == "breaching"} == {"heartbeat"}


def test_the_table_needs_the_standard_library_alone() -> None:
    """A deployment's tools import it where none of our packages' requirements are installed."""
    code = (
        "import sys; import operations.alarms.alarm_table, operations.alarms.cloudwatch_alarms; "
        "print({name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'__main__'})"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.strip() == "{'operations'}"
