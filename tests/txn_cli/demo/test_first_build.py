"""When the demonstration takes the warehouse for built, or for one that failed."""

import pytest

from txn_cli.demo.first_build import failed, took_in
from txn_cli.status.process import ProcessReadiness, WarehouseStatus

SINCE = 1_000.0
READY, BROKEN = ProcessReadiness(ready=True), ProcessReadiness(ready=False, why="last_run: the model a failed")


def seen(readiness: ProcessReadiness = READY, **figures: float) -> WarehouseStatus:
    return WarehouseStatus(readiness, figures)


@pytest.mark.parametrize(
    ("status", "built"),
    [
        (seen(), False),
        (seen(built_timestamp_seconds=999), False),
        (seen(built_timestamp_seconds=1_000), True),
        (seen(BROKEN, built_timestamp_seconds=1_001), True),
        (seen(looked_timestamp_seconds=1_001, objects_waiting=0), True),
        (seen(looked_timestamp_seconds=1_001, objects_waiting=1), False),
        (seen(looked_timestamp_seconds=999, objects_waiting=0), False),
        (seen(BROKEN, looked_timestamp_seconds=1_001, objects_waiting=0), False),
    ],
)
def test_it_is_built_by_a_run_that_began_later_or_when_a_later_look_found_nothing_new(
    status: WarehouseStatus, *, built: bool
) -> None:
    assert took_in(status, SINCE) is built


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (seen(), None),
        (seen(BROKEN), None),
        (seen(BROKEN, failures_in_a_row=1, last_run_timestamp_seconds=1_010, last_run_seconds=10), BROKEN.why),
        # It began before: the look that was asked for is still to come.
        (seen(BROKEN, failures_in_a_row=1, last_run_timestamp_seconds=1_010, last_run_seconds=11), None),
        # The reason is still to be told.
        (seen(READY, failures_in_a_row=1, last_run_timestamp_seconds=1_010, last_run_seconds=10), None),
    ],
)
def test_it_failed_when_a_run_that_began_later_did(status: WarehouseStatus, why: str | None) -> None:
    assert failed(status, SINCE) == why
