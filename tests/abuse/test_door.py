"""Requests without a valid key cost at most a few plain ones, whatever their bytes."""

from collections.abc import Iterator

import pytest
import structlog

from tests.abuse.climbing import climb
from tests.abuse.door import BAR, KeylessRequests, get
from tests.abuse.meter import SURE_ROUNDS, CpuMeter, collecting_as_the_api
from txn_server.http import head as http_head

SECONDS = 2.0
BUSY_BAR = BAR * 1.1
"""Beside other work a full head pays for the caches that it does not find. `make abuse` has the bar itself."""


@pytest.fixture
def target() -> Iterator[KeylessRequests]:
    settings = structlog.get_config()
    made = KeylessRequests()
    yield made
    made.close()
    structlog.configure(**settings)


def test_every_seed_is_answered_or_breaks_off(target: KeylessRequests) -> None:
    """Nothing of what is measured is a hang, and the reference is one answer on one connection."""
    assert target.due(target.reference) == 1
    for seed in target.seeds:
        assert target.due(seed) >= 1


def test_no_request_without_a_key_is_dear(target: KeylessRequests) -> None:
    target.bar = BUSY_BAR
    report = climb(target, seconds=SECONDS, seed=1)
    assert report.over == [], "\n".join(report.lines())
    assert report.tried > 50


def test_a_dear_request_is_seen(target: KeylessRequests, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a path whose escapes have no bound."""
    monkeypatch.setattr(http_head, "PATH_BYTES_MAX", http_head.HEAD_BYTES_MAX)
    with collecting_as_the_api():
        assert CpuMeter(target).ratio(get(b"/" + b"%41" * 3_500), SURE_ROUNDS) > BUSY_BAR
