"""Requests leave nothing to the garbage collector, so that it has no reason to come."""

from contextlib import suppress

import pytest
from bench.counted.garbage import GROWTH_MAX, KINDS

from bench.counted import garbage
from txn_core.startup import GARBAGE_OBJECTS_MAX


def test_no_kind_of_request_leaves_objects_in_cycles() -> None:
    """Whether it is acknowledged, answered or refused, and wherever."""
    assert garbage.left_in_cycles() == dict.fromkeys(KINDS, 0)


def test_cycles_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is kept with its traceback, as a bad line's once was, is seen."""
    from txn_api.problems import Problem
    from txn_api.writes.bulk_upload import Upload

    def keeping(_: Upload, problem: Problem) -> None:
        with suppress(Problem):
            raise problem

    monkeypatch.setattr(Upload, "_charge_faults", keeping)
    monkeypatch.setattr(garbage, "KINDS", {name: KINDS[name] for name in ("an upload", "an upload with a bad line")})
    left = garbage.left_in_cycles()
    assert left["an upload"] == 0 < left["an upload with a bad line"]


def test_the_collector_stays_away_while_posts_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of them make no more objects than they free."""
    monkeypatch.setattr(garbage, "POSTING_S", 0.5)
    posted = garbage.collections_while_posting(GARBAGE_OBJECTS_MAX)
    assert posted.posts > 1_000
    assert posted.collections == 0
    assert posted.growth <= GROWTH_MAX
