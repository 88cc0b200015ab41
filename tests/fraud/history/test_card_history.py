"""Which purchases a history holds."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud.history.card_history import ENTRIES_MAX, HORIZON_S, OTHERS_MAX, CardHistory
from fraud.history.columns import LOG_ODDS_MAX, NO_LOG_ODDS
from tests.fraud.observed import BEGIN_S, DAY, adverse_stream, observation


def history_of(*times: int, **changes: Any) -> CardHistory:
    history = CardHistory.empty()
    for number, at_s in enumerate(times):
        history.with_(observation(at_s, **({"transaction_id": f"purchase-{number}"} | changes)), {})
    return history


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 120), st.booleans())
def test_unpacking_gives_back_what_was_packed(seed: int, rows: int, model: bool) -> None:  # noqa: FBT001 - hypothesis
    history = CardHistory.empty()
    for number, each in enumerate(adverse_stream(seed, rows, cards=1)):
        history.with_(each, {"mod_a": number * 999 - 50_000} if model else {})
    assert CardHistory.unpack(history.pack()) == history


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 36 * DAY), unique=True, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter_within_the_horizon(steps: list[int], rng: random.Random) -> None:
    stream = [
        observation(BEGIN_S + step, transaction_id=f"purchase-{step}", merchant_latitude=step / DAY) for step in steps
    ]
    one, other = CardHistory.empty(), CardHistory.empty()
    for each in stream:
        one.with_(each, {"mod_a": each.occurred_at_s % 1_000})
    for each in rng.sample(stream, len(stream)):
        other.with_(each, {"mod_a": each.occurred_at_s % 1_000})
    assert one == other
    assert one.pack() == other.pack()


def test_equal_seconds_stay_in_the_order_of_the_stream() -> None:
    history = CardHistory.empty()
    for amount in (3, 1, 2):
        history.with_(observation(transaction_id=f"purchase-{amount}", amount_minor=amount), {})
    assert list(history.amounts) == [3, 1, 2]


def test_a_known_id_is_entered_once_whatever_comes_under_it() -> None:
    history = history_of(BEGIN_S, BEGIN_S + 5, transaction_id="the-same")
    history.with_(observation(BEGIN_S + 9, transaction_id="the-same", type="refund"), {})
    assert (list(history.times), history.purchases_ever, len(history.other_times)) == ([BEGIN_S], 1, 0)
    assert history.knows("the-same")
    assert not history.knows("another")


def test_a_refund_is_remembered_by_its_id_alone() -> None:
    history = CardHistory.empty()
    history.with_(observation(type="refund", transaction_id="a-refund"), {"mod_a": 1})
    assert history.knows("a-refund")
    assert CardHistory.unpack(history.pack()).knows("a-refund")
    assert (len(history.times), history.purchases_ever, history.first_seen_s, history.last_place) == (
        0,
        0,
        None,
        None,
    )
    history.with_(observation(type="purchase", transaction_id="a-refund"), {})
    assert len(history.times) == 0


def test_refunds_do_not_push_out_purchases_nor_each_other_without_bound() -> None:
    history = history_of(BEGIN_S)
    for number in range(OTHERS_MAX + 5):
        history.with_(observation(BEGIN_S + number, type="reversal", transaction_id=f"reversal-{number}"), {})
    assert (len(history.times), len(history.other_times)) == (1, OTHERS_MAX)
    assert not history.knows("reversal-4")
    assert history.knows("reversal-5")


@pytest.mark.parametrize(("late_s", "entries"), [(HORIZON_S - 1, 2), (HORIZON_S, 1)])
def test_the_horizon_is_37_days_before_the_newest(late_s: int, entries: int) -> None:
    late = history_of(BEGIN_S, BEGIN_S - late_s)
    pruned = history_of(BEGIN_S - late_s, BEGIN_S)
    assert len(late.times) == len(pruned.times) == entries
    assert len(late.ids) == len(pruned.ids) == 5 * entries
    # What was pruned was seen; what came too late was not.
    assert (late.purchases_ever, pruned.purchases_ever) == (entries, 2)
    assert pruned.first_seen_s == BEGIN_S - late_s


def test_an_id_is_forgotten_with_its_entry() -> None:
    history = history_of(BEGIN_S, BEGIN_S + HORIZON_S)
    assert not history.knows("purchase-0")
    history.with_(observation(BEGIN_S, transaction_id="purchase-0"), {})
    assert (len(history.times), history.purchases_ever) == (1, 2)


def test_a_repeat_never_returns_to_a_full_history() -> None:
    """Of several purchases in the oldest second the last to come goes, and so does what comes again."""
    history = history_of(*[BEGIN_S] * 3, *range(BEGIN_S + 1, BEGIN_S + ENTRIES_MAX - 1))
    assert len(history.times) == ENTRIES_MAX
    assert not history.knows("purchase-2")
    before = history.pack()
    history.with_(observation(BEGIN_S, transaction_id="purchase-2"), {})
    history.with_(observation(BEGIN_S - 1, transaction_id="older"), {})
    assert history.pack() == before
    history.with_(observation(BEGIN_S + 1, transaction_id="late"), {})
    assert (len(history.times), history.knows("purchase-1"), history.knows("late")) == (ENTRIES_MAX, False, True)


def test_log_odds_stay_beside_their_purchases() -> None:
    history = CardHistory.empty()
    history.with_(observation(BEGIN_S + 1, transaction_id="purchase-1"), {"champion": -5_000})
    history.with_(observation(BEGIN_S, transaction_id="purchase-0"), {"champion": 10**9, "challenger": -(10**9)})
    assert {model: list(column) for model, column in history.log_odds.items()} == {
        "champion": [LOG_ODDS_MAX, -5_000],
        "challenger": [-LOG_ODDS_MAX, NO_LOG_ODDS],
    }


def test_a_third_model_ends_the_column_of_one_that_is_no_longer_asked() -> None:
    history = CardHistory.empty()
    for number, models in enumerate(({"a": 1, "b": 2}, {"b": 3, "c": 4}, {}, {"c": 5})):
        history.with_(observation(BEGIN_S + number), models)
    assert {model: list(column) for model, column in history.log_odds.items()} == {
        "b": [2, 3, NO_LOG_ODDS, NO_LOG_ODDS],
        "c": [NO_LOG_ODDS, 4, NO_LOG_ODDS, 5],
    }


def test_the_last_place_is_that_of_the_newest_purchase_that_has_one() -> None:
    history = history_of(BEGIN_S)
    history.with_(observation(BEGIN_S - 1, merchant_latitude=1.0), {})
    history.with_(observation(BEGIN_S + 1, merchant_latitude=None), {})
    assert history.last_place == (BEGIN_S, 360_112, -820_484)
    assert history.priors(BEGIN_S) == 2
