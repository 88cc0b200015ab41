"""A model scores from a transaction and its history, decides by its thresholds, and says why."""

import random
from dataclasses import fields

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.features.catalogue import FEATURES
from fraud.features.stage_two import STAGE2
from fraud.history.card_history import CardHistory
from fraud.model.drift import ALARM, counts_of, index_of, stability_index
from fraud.model.loading import load_model
from fraud.model.manifest import DriftBins
from fraud.model.model import Model, Scored
from fraud.model.signature import public_key_of
from fraud.observations.observation import Observation
from tests.fraud.training.made_rows import BEGAN_S, KEY, made_rows, row, trained


@pytest.fixture(name="model", scope="module")
def _model() -> Model:
    return load_model(trained().files, [public_key_of(KEY)])


@pytest.fixture(name="riskiest", scope="module")
def _riskiest(model: Model) -> Scored:
    """The highest score of the made rows, each scored as the first of its card."""
    frauds = [each for each in made_rows() if each.is_fraud]
    return max(
        (model.score(each.observation, CardHistory.empty()) for each in frauds), key=lambda it: it.raw_millilogit
    )


def test_scoring_changes_neither_history_nor_result(model: Model) -> None:
    history = CardHistory.empty()
    history.with_(row(1, BEGAN_S, 900, random.Random(1)).observation, {model.id: -3_000})
    packed = history.pack()
    asked = row(1, BEGAN_S + 60, 90_000, random.Random(2)).observation
    assert model.score(asked, history) == model.score(asked, history)
    assert history.pack() == packed


def test_scores_rise_with_log_odds_between_0_and_999(model: Model) -> None:
    scores = [model.calibrated(raw) for raw in range(-20_000, 20_000, 500)]
    assert scores == sorted(scores)
    assert (model.calibrated(-(10**9) - 1), model.calibrated(10**9)) == (0, 999)


def test_decisions_follow_the_thresholds(model: Model) -> None:
    review, alert = model.manifest.thresholds.review, model.manifest.thresholds.alert
    assert [model.decide(raw) for raw in (review - 1, review, alert - 1, alert)] == [
        "pass", "review" if review < alert else "alert", "review" if review < alert else "pass", "alert",
    ]  # fmt: skip


def test_reasons_are_the_strongest_first_in_words_and_never_the_first_stage_itself(
    model: Model, riskiest: Scored
) -> None:
    reasons = model.reasons(riskiest)
    assert 1 <= len(reasons) <= 5
    assert [each.contribution for each in reasons] == sorted((each.contribution for each in reasons), reverse=True)
    assert all(each.contribution >= 0 and "{" not in each.text for each in reasons)
    names = [*(feature.name for feature in FEATURES), *(feature.name for feature in STAGE2)]
    assert {each.feature for each in reasons} <= set(names)
    assert "stage1_own" not in {each.feature for each in reasons}
    for each in reasons:
        assert each.value == riskiest.features[names.index(each.feature)]


def test_a_model_sees_no_label() -> None:
    """What it scores has no field for one."""
    assert not [field.name for field in fields(Observation) if "fraud" in field.name or "label" in field.name]


def test_drift_is_near_zero_on_the_rows_of_training_and_alarms_on_shifted_ones(model: Model) -> None:
    bins = next(each for each in model.manifest.drift if each.name == "amount")
    amounts = [each.observation.amount_minor for each in made_rows()]
    assert index_of(bins, counts_of(bins, amounts)) < 0.02
    assert index_of(bins, counts_of(bins, (amount * 3 // 10 for amount in amounts))) > ALARM


def test_the_stability_index_is_what_its_definition_says() -> None:
    bins = DriftBins(name="x", bounds=[1.0], counts=[50, 50], missing=0)
    assert index_of(bins, counts_of(bins, ())) == 0.0
    counts = counts_of(bins, (0.5, 2, 1.0, 1.5))
    assert counts == [1, 3, 0]  # a bound belongs to the bin above it
    # (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5)
    assert index_of(bins, counts) == pytest.approx(0.27465, abs=1e-5)
    assert index_of(bins, counts_of(bins, (0.5, 1.0, 1.5, 2, None))) > 0.5
    assert stability_index([0, 0], [1, 2]) == 0.0
