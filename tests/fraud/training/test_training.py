"""A training gives the same bytes for the same rows, learns only from what it may see, and says what it did."""

from collections.abc import Callable
from dataclasses import replace

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

import numpy as np

from fraud.history.card_history import CardHistory
from fraud.model.loading import MANIFEST, SIGNATURE, TREES, load_model
from fraud.model.manifest import KNOWN_ANSWERS, Manifest
from fraud.model.model_errors import ModelError
from fraud.model.signature import public_key_of
from fraud.training.labelled import DAY_S, Labelled, by_card, mixed, with_fraud
from fraud.training.matrices import LearningRows
from fraud.training.plan import Plan
from fraud.training.training import Request, learning_rows, train
from fraud.training.two_stages import FOLDS, TwoStages, folds_of, mixture
from tests.fraud.training.made_rows import BEGAN_S, KEY, made_rows, trained


def test_the_same_rows_give_the_same_bytes_and_another_seed_another_model() -> None:
    again = train(iter(made_rows()), Request(source="made rows", trees=8, key=KEY))
    assert again.files == trained().files
    assert again.document() == trained().document()
    other = train(made_rows(), Request(source="made rows", trees=8, seed=2, key=None))
    assert other.model_id != trained().model_id
    assert SIGNATURE not in other.files


def test_the_scorer_gives_what_training_measured() -> None:
    """Served one by one from histories, rows get the features and log-odds that the report was made of."""
    model = load_model(trained().files, [public_key_of(KEY)])
    cards = by_card(made_rows())
    rows, plan = LearningRows.of(mixture(cards, 1)), Plan.of(made_rows())
    learned = learning_rows(LearningRows.of(cards), cards, plan, seed=1)
    grown, _ = TwoStages.with_folds(learned, stop_s=plan.stop, seed=1, trees=8)
    stage1, scores, values = grown.served(rows, rows.at_s >= 0)
    begin = 0
    for length in rows.lengths:
        history = CardHistory.empty()
        for place in range(begin, begin + length):
            scored = model.score(rows.rows[place].observation, history)
            assert (scored.stage1_millilogit, scored.raw_millilogit) == (stage1[place], scores[place])
            given = [np.nan if value is None else float(value) for value in scored.features]
            np.testing.assert_array_equal(given, values[place])
            history.with_(rows.rows[place].observation, {model.id: scored.stage1_millilogit})
        begin += length


def test_the_model_tells_fraud_on_days_and_cards_that_it_never_saw() -> None:
    for kind in ("seen", "unseen"):
        found = trained().estimates[kind]
        assert found.average_precision.value > 0.5
        assert found.average_precision.low < found.average_precision.value < found.average_precision.high
    assert set(trained().estimates) == {
        "seen", "unseen", "mixture", "clock_plus_3h", "amounts_times_0_6", "fraud_at_any_hour",
    }  # fmt: skip


def test_labels_of_the_days_that_judge_change_nothing_but_the_report() -> None:
    """Mixture, trees, calibration and thresholds come from the days before; the report's days never steer them."""
    test_s = Plan.of(made_rows()).test
    flipped = [replace(each, is_fraud=not each.is_fraud) if each.at_s >= test_s else each for each in made_rows()]
    other = train(flipped, Request(source="made rows", trees=8, key=None))
    assert other.files[TREES] == trained().files[TREES]
    reports = {"id", "metrics", "training"}
    one, two = (Manifest.model_validate_json(each.files[MANIFEST]) for each in (trained(), other))
    assert one.model_dump(exclude=reports) == two.model_dump(exclude=reports)
    assert one.metrics != two.metrics


def test_a_single_card_is_refused_as_no_fold_can_go_without_it() -> None:
    with pytest.raises(ModelError, match="too few cards"):
        train(made_rows(cards=1), Request(source="made rows", trees=1))


def test_no_card_is_in_two_folds_and_a_fold_does_not_know_its_cards() -> None:
    cards = [row.observation.card_id for row in made_rows()]
    folds = folds_of(cards, 1)
    assert all(
        len({fold for card, fold in zip(cards, folds, strict=True) if card == each}) == 1 for each in set(cards)
    )
    assert set(folds) == set(range(FOLDS))
    rows = LearningRows.of(by_card(made_rows()))
    stop_s = Plan.of(made_rows()).stop
    part = folds_of(rows.cards, 1) == 0
    changed = replace(rows, labels=np.where(part, ~rows.labels, rows.labels))
    one = TwoStages.with_folds(rows, stop_s=stop_s, seed=1, trees=3)[1][0].first.stage()
    two = TwoStages.with_folds(changed, stop_s=stop_s, seed=1, trees=3)[1][0].first.stage()
    assert one == two


def test_a_mixture_adds_ordinary_purchases_on_days_of_fraud_alone() -> None:
    cards = by_card(made_rows())
    for card in with_fraud(cards):
        rows, more = cards[card], mixed(card, cards[card], 1)
        added = [each for each in more if each not in rows]
        assert added
        assert {each.day for each in added} <= {each.day for each in rows if each.is_fraud}
        assert not any(each.is_fraud for each in added)
        assert [each for each in more if each in rows] == rows
        assert len({each.observation.transaction_id for each in more}) == len(more)
    changed = [card for card, rows in mixture(cards, 1).items() if rows != cards[card]]
    assert sorted(changed) == with_fraud(cards)[::2]


def test_a_repeated_id_counts_once() -> None:
    rows = made_rows()
    assert by_card([*rows, *rows[:50]]) == by_card(rows)


def test_labels_that_are_not_known_yet_are_not_used() -> None:
    plan = Plan.of(made_rows(), delay_s=5 * DAY_S)
    assert plan.end == max(row.at_s for row in made_rows()) + 1 - 5 * DAY_S
    assert BEGAN_S < plan.stop < plan.test < plan.end
    assert Plan.of(made_rows(), known_at_s=BEGAN_S + 15 * DAY_S).end == BEGAN_S + 15 * DAY_S


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (list, "no rows"),
        (lambda: made_rows(days=5), "10 days whose labels are known: it has 5"),
        (lambda: [row for row in made_rows() if not row.is_fraud], "no frauds"),
        (lambda: [row for row in made_rows() if row.is_fraud], "no other transactions"),
        (lambda: [row for row in made_rows() if not (row.is_fraud and row.at_s > BEGAN_S + 13 * DAY_S)], "to judge"),
    ],
)
def test_too_little_to_learn_from_is_said_in_one_line(rows: Callable[[], list[Labelled]], why: str) -> None:
    with pytest.raises(ModelError, match=why):
        train(rows(), Request(source="made rows", trees=2))


def test_known_answers_spread_over_all_scores() -> None:
    model = load_model(trained().files, [public_key_of(KEY)])
    assert len(model.manifest.known_answers) == KNOWN_ANSWERS
    assert len({answer.second for answer in model.manifest.known_answers}) > KNOWN_ANSWERS // 2
