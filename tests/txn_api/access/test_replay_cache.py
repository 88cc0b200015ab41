"""What is remembered of signatures, for how long, and whom it leaves room."""

import hashlib

import pytest

from txn_api.access import replay_cache
from txn_api.access.replay_cache import ReplayCache
from txn_api.problems import Problem
from txn_core.api_keys import KeyId
from txn_core.quotas import Limits
from txn_core.settings import Settings
from txn_core.signing import WINDOW_S

NOW = 1_767_323_045
QUIET, NOISY, OTHER = (KeyId(name * 16) for name in "abc")


def used(macs: ReplayCache, key_id: KeyId, number: int, signed_at: int = NOW, at: float = NOW) -> str:
    """What is said of a key's signature by this number."""
    mac = hashlib.sha256(f"{key_id} {number}".encode()).hexdigest()
    try:
        macs.use(key_id, mac, signed_at, at)
    except Problem as problem:
        return problem.code
    return "good"


def flood(macs: ReplayCache, key_id: KeyId, count: int) -> int:
    """The signatures that were taken, each for another second than the one before."""
    return [used(macs, key_id, number, NOW - number % 100) for number in range(count)].count("good")


def test_nothing_that_can_be_in_time_is_forgotten() -> None:
    """Whatever came behind it, a signature is refused to the last second of its window."""
    macs = ReplayCache()
    assert flood(macs, QUIET, 20_000) == 20_000
    assert {used(macs, QUIET, number, NOW - number % 100, NOW + 200) for number in range(20_000)} == {
        "signature_replayed"
    }
    assert macs._total == 20_000


def test_what_is_out_of_time_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second later than its window, and the whole of it."""
    monkeypatch.setattr(replay_cache, "USED_MAX", 200)
    macs = ReplayCache()
    assert [used(macs, NOISY, number) for number in range(101)] == ["good"] * 100 + ["overloaded"]
    assert used(macs, NOISY, 101, NOW + WINDOW_S, NOW + WINDOW_S) == "overloaded"
    assert used(macs, NOISY, 101, NOW + WINDOW_S, NOW + WINDOW_S + 1) == "good"
    assert macs._total == 1
    assert macs._by_key == {NOISY: 1}


def test_a_clock_that_is_set_back_opens_nothing_again() -> None:
    """What was forgotten by the later time counts as out of time."""
    macs = ReplayCache()
    assert used(macs, QUIET, 1) == "good"
    assert used(macs, QUIET, 2, NOW + 400, NOW + 400) == "good"
    assert used(macs, QUIET, 1, NOW, NOW) == "signature_expired"


def test_a_flood_leaves_the_others_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """One key holds half of the room, two a third each, and a quiet one is taken beside them and remembered."""
    monkeypatch.setattr(replay_cache, "USED_MAX", 900)
    macs = ReplayCache()
    assert used(macs, QUIET, 0) == "good"
    assert flood(macs, NOISY, 2_000) == 450
    assert flood(macs, OTHER, 2_000) == 225
    assert [used(macs, QUIET, number) for number in range(3)] == ["signature_replayed", "good", "good"]
    assert macs._total <= 900


def test_one_second_of_a_key_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next second, and another key in the same one, are not affected."""
    monkeypatch.setattr(replay_cache, "A_SECOND_MAX", 10)
    macs = ReplayCache()
    assert [used(macs, NOISY, number) for number in range(11)] == ["good"] * 10 + ["overloaded"]
    assert used(macs, NOISY, 11, NOW + 1) == "good"
    assert used(macs, QUIET, 0) == "good"


def test_the_bounds_let_a_key_sign_all_that_the_default_limits_let_it_begin() -> None:
    """For its whole window, and a burst in each second."""
    limits = Limits.from_settings(Settings())
    assert limits.writes_per_s is not None
    assert limits.reads_per_s is not None
    per_s = limits.writes_per_s + limits.reads_per_s
    assert per_s * WINDOW_S < replay_cache.USED_MAX / 2
    assert 2 * per_s < replay_cache.A_SECOND_MAX
