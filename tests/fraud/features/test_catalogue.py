"""The catalogue of features, and what holds of every one of them."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud.features import catalogue
from fraud.features.catalogue import FEATURES, feature_set_digest, features_of, stage2_of
from fraud.features.feature import Feature, Value
from fraud.features.missing_words import WITHOUT_VALUE
from fraud.features.stage_two import STAGE2
from fraud.features.words import in_words
from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from tests.fraud.observed import BEGIN_S, DAY, adverse_stream, observation

HOUR = 3_600
BOTH_STAGES: list[Feature[Any]] = [*FEATURES, *STAGE2]

texts = st.none() | st.text(max_size=10)
degrees = st.none() | st.floats(-180, 180) | st.sampled_from((-1e308, -90.0, 90.0, 180.0, 1e308))
hostile = st.builds(
    observation,
    transaction_id=st.text(max_size=20),
    type=st.sampled_from(("purchase", "refund", "something else")),
    amount_minor=st.integers(-(2**63), 2**63 - 1),
    currency=st.text(max_size=3) | st.sampled_from(("JPY", "KWD")),
    occurred_at_us=st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    category=texts,
    merchant_latitude=degrees,
    merchant_longitude=degrees,
    customer_latitude=degrees,
    customer_longitude=degrees,
    gender=texts,
    date_of_birth=texts | st.sampled_from(("1900-01-01", "9999-12-31", "2019-W01-1", "20190101", "0000-00-00")),
    city_population=st.none() | st.integers(-(2**63), 2**63 - 1),
    entry_mode=texts,
)


def values(asked: Observation, *stream: Observation, stage1: int = -5_000) -> dict[str, Value]:
    """The features of a transaction by name, after a stream of its card that the first stage scored -1000, 0, ..."""
    history = CardHistory.empty()
    for number, each in enumerate(stream):
        history.with_(each, {"mod_a": (number - 1) * 1_000})
    named = [feature.name for feature in BOTH_STAGES]
    return dict(zip(named, features_of(asked, history) + stage2_of(asked, history, "mod_a", stage1), strict=True))


def purchases(*times: int, **changes: Any) -> list[Observation]:
    return [observation(at_s, transaction_id=f"purchase-{number}", **changes) for number, at_s in enumerate(times)]


def test_names_are_of_one_feature_each() -> None:
    names = [feature.name for feature in BOTH_STAGES]
    assert len(set(names)) == len(names)


def test_the_digest_changes_with_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    before = feature_set_digest()
    assert len(before) == 64
    monkeypatch.setattr(catalogue, "FEATURES", FEATURES[::-1])
    assert feature_set_digest() != before


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, max_size=6), hostile, st.integers(-(2**40), 2**40))
def test_whatever_comes_values_are_exact_finite_numbers_and_can_be_said(
    stream: list[Observation], asked: Observation, stage1: int
) -> None:
    found = values(asked, *stream, stage1=stage1)
    for feature in BOTH_STAGES:
        value = found[feature.name]
        assert value is None or (math.isfinite(value) and abs(value) <= 2**53)
        assert in_words(feature, value)


def test_features_are_computed_without_a_change_of_the_history() -> None:
    *stream, asked = adverse_stream(seed=9, rows=60, cards=1)
    history = CardHistory.empty()
    for each in stream:
        history.with_(each, {"mod_a": 7})
    before = history.pack()
    once = features_of(asked, history), stage2_of(asked, history, "mod_a", 1)
    assert (features_of(asked, history), stage2_of(asked, history, "mod_a", 1)) == once
    assert history.pack() == before
    unpacked = CardHistory.unpack(before)
    assert (features_of(asked, unpacked), stage2_of(asked, unpacked, "mod_a", 1)) == once


def test_what_came_before_counts_in_whichever_order_it_came() -> None:
    rng = random.Random(2)
    stream = purchases(*rng.sample(range(BEGIN_S, BEGIN_S + 30 * DAY), 40))
    asked = observation(BEGIN_S + 30 * DAY)
    history, shuffled = CardHistory.empty(), CardHistory.empty()
    for each in stream:
        history.with_(each, {})
    for each in rng.sample(stream, len(stream)):
        shuffled.with_(each, {})
    assert features_of(asked, shuffled) == features_of(asked, history)


def test_a_first_purchase_has_no_past() -> None:
    found = values(observation())
    for name in ("count_30d", "amount_24h", "large_24h", "stage1_likely_7d"):
        assert found[name] == 0
    for name in ("since_last", "amount_to_mean", "category_share", "last_amount", "from_last", "card_age"):
        assert found[name] is None
    assert (found["stage1_newest"], found["stage1_max_7d"], found["stage1_own"]) == (None, None, -5_000)


def test_windows_end_at_the_own_second_and_leave_out_their_first() -> None:
    at_s = BEGIN_S + 10 * DAY + 12 * HOUR
    ends = purchases(*(at_s - size for size in (0, HOUR - 1, HOUR, DAY - 1, DAY, 7 * DAY - 1, 7 * DAY)))
    found = values(observation(at_s), *ends)
    assert [found[name] for name in ("count_1h", "count_24h", "count_7d", "count_30d")] == [2, 4, 6, 7]
    assert found["amount_1h"] == 2 * 497


def test_a_date_begins_at_midnight_utc() -> None:
    found = values(observation(BEGIN_S + DAY + 5), *purchases(BEGIN_S + DAY - 1, BEGIN_S + DAY, BEGIN_S + DAY + 1))
    assert (found["count_date"], found["stage1_max_date"], found["stage1_min_date"]) == (2, 1_000, 0)
    assert found["stage1_mean_date"] == 500
    assert (found["stage1_suspect_24h"], found["stage1_likely_24h"], found["stage1_newest"]) == (3, 1, 1_000)


def test_a_late_record_is_not_told_what_came_after_it() -> None:
    stream = purchases(BEGIN_S, BEGIN_S + 100)
    found = values(observation(BEGIN_S + 50), *stream)
    assert (found["count_24h"], found["since_last"], found["from_last"], found["speed"]) == (1, 50, None, None)
    assert values(observation(BEGIN_S - 50), *stream)["card_age"] == 0


def test_nights_and_large_purchases_of_a_day_are_counted() -> None:
    at_s = BEGIN_S + 5 * DAY + 5 * HOUR
    nights = purchases(at_s - HOUR, at_s - HOUR - 1, at_s - 7 * HOUR, at_s - 7 * HOUR - 1, amount_minor=25_000)
    found = values(observation(at_s, amount_minor=0), *nights, observation(at_s - 2, amount_minor=24_999))
    assert (found["night_24h"], found["large_24h"]) == (2, 4)
    assert (found["mean_24h"], found["last_amount"]) == (124_999 / 6, 24_999)


def test_the_age_of_a_card_is_told_up_to_a_week() -> None:
    ages = [values(observation(BEGIN_S + age_s), observation())["card_age"] for age_s in (5, 7 * DAY, 60 * DAY)]
    assert ages == [5, 7 * DAY, 7 * DAY]


def test_an_amount_is_held_against_the_cards_own() -> None:
    found = values(
        observation(BEGIN_S + 9, amount_minor=600, category="home"),
        *purchases(BEGIN_S, BEGIN_S + 1, amount_minor=100),
        observation(BEGIN_S + 2, amount_minor=1_000, category="home"),
    )
    assert (found["amount_to_mean"], found["amount_to_max"], found["as_large"]) == (1.5, 0.6, 1)
    assert (found["category_amount_to_mean"], found["category_share"], found["categories_24h"]) == (0.6, 1 / 3, 2)
    assert found["category_since"] == 7


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("amount", 123_456, "the amount is 1,234.56 USD"),
        ("amount", None, "the amount is unknown"),
        ("category", 4, "the merchant's category is gas_transport"),
        ("category", 1, "the merchant's category is another"),
        ("amount_to_mean", 12.3456, "the amount is 12.35 times the card's mean"),
        ("since_last", 7_300, "the purchase before was 2 hours earlier"),
        ("weekday", 6, "it was made on a Sunday"),
        ("hour", 3, "it was made in the hour from 03:00 UTC"),
        ("from_home", 81_000_000, "it was made 100 km from the holder's home"),
        ("category", None, "the merchant's category is unknown"),
        ("gender", None, "the holder's gender is unknown"),
        ("entry_mode", 1, "how the card was read is unknown"),
        ("entry_mode", 4, "the card was read by chip"),
        ("since_third_last", None, "fewer than three earlier purchases of the card are known"),
        ("amount_to_max", None, "the card spent nothing in the 30 days before"),
        ("stage1_newest", None, "the purchase before has no score"),
    ],
)
def test_words(name: str, value: float | None, words: str) -> None:
    feature = next(feature for feature in BOTH_STAGES if feature.name == name)
    assert in_words(feature, value) == words


def test_a_missing_value_makes_a_sentence_of_every_feature_that_may_have_none() -> None:
    """Only "the ... is unknown" says it well with the feature's own text; the others have a clause for it."""
    bare = dict.fromkeys(("category", "gender", "date_of_birth", "city_population", "entry_mode"))
    places = dict.fromkeys(
        f"{whose}_{axis}" for whose in ("merchant", "customer") for axis in ("latitude", "longitude")
    )
    found = values(observation(BEGIN_S, **bare, **places))
    missing = [feature for feature in BOTH_STAGES if found[feature.name] is None]
    assert {feature.name for feature in missing} == {"category", "gender", *WITHOUT_VALUE}
    own_text = [in_words(each, None) for each in missing if each.name not in WITHOUT_VALUE]
    assert all(text.endswith(" is unknown") for text in own_text)


def test_the_clause_for_a_missing_value_is_no_part_of_the_feature_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = feature_set_digest()
    monkeypatch.setitem(WITHOUT_VALUE, "since_last", "another clause")
    assert feature_set_digest() == before
