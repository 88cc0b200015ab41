"""Every alarm: the one table of which CloudWatch's alarms, Prometheus' rules, their tests and the runbook are made.

It needs the standard library alone, so that a deployment's tools may import it.
"""

from typing import Final

from operations.alarms import api_alarms, drain_alarms, function_alarms, store_alarms
from operations.alarms.alarm import Alarm
from operations.runbook.runbook_entry import RunbookEntry

ALARMS: Final[tuple[Alarm, ...]] = (
    *drain_alarms.of_drains(),
    *drain_alarms.of_score(),
    *drain_alarms.of_files_and_warehouse(),
    *function_alarms.of_functions(),
    *api_alarms.of_answers(),
    *api_alarms.of_producer(),
    *api_alarms.of_guesses(),
    *store_alarms.of_processes(),
    *store_alarms.of_stores(),
    *store_alarms.of_deployment(),
)


def alarms_of(entry: RunbookEntry) -> tuple[Alarm, ...]:
    """The alarms that lead to an entry of the runbook."""
    return tuple(alarm for alarm in ALARMS if alarm.runbook is entry)
