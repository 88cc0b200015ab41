"""A score follows from history, record and versions alone, and nothing of a model or a rule stops the scorer."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud.features.catalogue import FEATURES, features_of
from fraud.features.stage_two import STAGE2
from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from fraud.observations.reading import observation_of
from fraud.scoring.fold import scored
from fraud.scoring.score_log import rows_of, table_of
from fraud.scoring.score_rows import item_of, row_of
from fraud.scoring.verdict import Verdict
from fraud.scoring.versions import Versions
from tests.builders import encoded, full_body, json_bytes, position
from tests.fraud.observed import BEGIN_S, DAY, adverse_stream, observation
from tests.fraud.rules.written import rule_set
from tests.fraud.scoring.made_models import CHALLENGER, CHAMPION, failing, model
from txn_core.lake.parquet import parquet_of
from txn_core.transactions.event import Event
from txn_core.transactions.instants import Instant
from txn_core.transactions.transaction import parse_transaction

AT: Final = Instant("2026-01-02T03:04:05.000000Z")
BOTH: Final = Versions(model(), model(CHALLENGER))


def plainly(stream: list[Observation]) -> list[tuple[int, int, int]]:
    """Log-odds of both stages and scores of a stream without repeats, one model alone, histories never packed."""
    histories: dict[tuple[str, str], CardHistory] = {}
    said = []
    for each in stream:
        history = histories.setdefault((each.account, each.card_id), CardHistory.empty())
        if history.knows(each.transaction_id):
            continue
        found = model().score(each, history)
        history.with_(each, {CHAMPION: found.stage1_millilogit})
        said.append((found.raw_millilogit, found.stage1_millilogit, found.score))
    return said


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), cuts=st.sets(st.integers(0, 79), max_size=6))
def test_a_stream_scores_the_same_wherever_its_states_were_packed_and_whoever_scored_beside(
    seed: int, cuts: set[int]
) -> None:
    """Repeats, late records, refunds, equal seconds: with a challenger or none, in memory or out of the table."""
    stream = adverse_stream(seed, 80, 2)
    histories: dict[tuple[str, str], CardHistory] = {}
    said = []
    for number, each in enumerate(stream):
        if number in cuts:
            histories = {card: CardHistory.unpack(history.pack()) for card, history in histories.items()}
        history = histories.setdefault((each.account, each.card_id), CardHistory.empty())
        if history.knows(each.transaction_id):
            continue
        before = history.pack()
        verdict = scored(each, history, BOTH, arrived_at=AT)
        assert history.pack() == before
        history.with_(each, verdict.stage1)
        said.append((verdict.raw_millilogit, verdict.stage1[CHAMPION], verdict.score))
        assert verdict.shadow == {CHALLENGER: verdict.raw_millilogit}
    assert said == plainly(stream)


def test_the_stronger_decision_counts_and_shadow_rules_are_only_counted() -> None:
    rules = rule_set("amount > 0", action="alert")
    verdict = scored(observation(), CardHistory.empty(), Versions(model(), rules=rules), arrived_at=AT)
    assert (verdict.decision, verdict.rule_hits, verdict.shadow_hits) == ("alert", ("r0",), ())
    assert verdict.rules_version == rules.version
    shadow = rule_set("amount > 0", action="alert", mode="shadow")
    beside = scored(observation(), CardHistory.empty(), Versions(model(), rules=shadow), arrived_at=AT)
    assert (beside.rule_hits, beside.shadow_hits) == ((), ("r0",))
    assert beside.raw_millilogit is not None
    assert beside.decision == model().decide(beside.raw_millilogit)


def test_a_model_alarm_stands_against_rules_that_see_nothing() -> None:
    sound = model()
    alarmed = replace(
        sound,
        manifest=sound.manifest.model_copy(
            update={
                "thresholds": sound.manifest.thresholds.model_copy(update={"alert": -(10**9), "review": -(10**9)})
            }
        ),
    )
    review = rule_set("amount > 0", action="review")
    assert (
        scored(observation(), CardHistory.empty(), Versions(alarmed, rules=review), arrived_at=AT).decision == "alert"
    )


def _without_a_score(versions: Versions, history: CardHistory | None) -> Verdict:
    verdict = scored(observation(), history, versions, arrived_at=AT)
    assert (verdict.model, verdict.scored, verdict.score, verdict.raw_millilogit) == (None, None, None, None)
    return verdict


def test_without_a_champion_rules_decide_on_the_features_of_the_transaction() -> None:
    rules = rule_set("amount > 0", "score > 0", action="review")
    verdict = _without_a_score(Versions(None, model(CHALLENGER), rules), CardHistory.empty())
    assert (verdict.fallback, verdict.decision, verdict.rule_hits) == ("model_unavailable", "review", ("r0",))
    assert list(verdict.features) == features_of(observation(), CardHistory.empty())
    assert set(verdict.stage1) == {CHALLENGER}


def test_a_model_that_fails_leaves_the_rules_and_is_named() -> None:
    rules = rule_set("amount > 0", action="alert")
    verdict = _without_a_score(Versions(failing(), model(CHALLENGER), rules), CardHistory.empty())
    assert (verdict.fallback, verdict.decision, verdict.model_errors) == ("model_error", "alert", (CHAMPION,))
    beside = scored(observation(), CardHistory.empty(), Versions(model(), failing(CHALLENGER)), arrived_at=AT)
    assert (beside.fallback, beside.shadow, beside.model_errors) == (None, {}, (CHALLENGER,))
    assert set(beside.stage1) == {CHAMPION}


def test_a_card_that_cannot_be_read_is_judged_by_what_the_event_says_alone() -> None:
    rules = rule_set("amount_minor > 0", "amount > 0", "count_24h >= 0", action="alert")
    verdict = _without_a_score(Versions(model(), rules=rules), None)
    assert (verdict.fallback, verdict.features, dict(verdict.stage1)) == ("state_unavailable", (), {})
    assert verdict.rule_hits == ("r0",)


def test_a_rule_that_fails_does_not_hit_and_the_others_do() -> None:
    rules = rule_set("1 / (amount_minor - amount_minor) > 0", "amount_minor > 0", action="alert")
    verdict = scored(observation(), CardHistory.empty(), Versions(model(), rules=rules), arrived_at=AT)
    assert (verdict.rule_errors, verdict.rule_hits) == (("r0",), ("r1",))


def test_rules_that_cannot_be_asked_at_all_are_all_failed() -> None:
    """Nothing the stream holds may stop the drain, also no number that a rule's language does not have."""
    rules = rule_set("amount_minor > 0", action="alert")
    large = observation(amount_minor=2**70)
    verdict = scored(large, None, Versions(rules=rules), arrived_at=AT)
    assert (verdict.rule_hits, verdict.rule_errors) == ((), ("r0",))


def test_an_expired_rule_does_not_hit() -> None:
    rules = rule_set("amount_minor > 0", expires_at=AT)
    assert scored(observation(), CardHistory.empty(), Versions(rules=rules), arrived_at=AT).rule_hits == ()


def _served(*, is_fraud: bool | None) -> bytes:
    """The bytes of the score log of some events of one card."""
    history, rows = CardHistory.empty(), []
    rules = rule_set("amount > 0", action="review")
    for number in range(20):
        body = full_body(transaction_id=f"flipped-{number:02d}", amount_minor=900 * number + 1, is_fraud=is_fraud)
        event = Event.decode(encoded(parse_transaction(json_bytes(body))).data)
        seen = observation_of(event)
        verdict = scored(seen, history, Versions(model(), rules=rules), arrived_at=AT)
        history.with_(seen, verdict.stage1)
        rows.append(row_of(event, position(number), verdict, arrived_at=AT, scored_at=AT))
    return parquet_of(table_of(rows)) + history.pack() + repr([item_of(row).attributes() for row in rows]).encode()


def test_no_byte_of_a_score_depends_on_the_label() -> None:
    assert _served(is_fraud=True) == _served(is_fraud=False) == _served(is_fraud=None)


def test_a_row_comes_back_from_the_log_as_it_was() -> None:
    event = Event.decode(encoded(parse_transaction(json_bytes(full_body()))).data)
    rules = rule_set("amount > 0", action="alert")
    rows = [
        row_of(event, position(2**180, 7), verdict, arrived_at=AT, scored_at=AT)
        for verdict in (
            scored(
                observation_of(event), CardHistory.empty(), Versions(model(), model(CHALLENGER), rules), arrived_at=AT
            ),
            scored(observation_of(event), None, Versions(model()), arrived_at=AT),
        )
    ]
    assert list(rows_of(table_of(rows))) == rows
    assert len(rows[0].features) == len(FEATURES) + len(STAGE2)
    assert not {"is_fraud", "card_masked"} & set(table_of(rows).column_names)


@pytest.mark.parametrize("gone_s", [1, 37 * DAY])
def test_what_a_card_was_told_counts_for_its_next_transactions_until_the_horizon(gone_s: int) -> None:
    """The second stage reads the log-odds that the model gave, and another model's count as none."""
    history = CardHistory.empty()
    history.with_(observation(BEGIN_S), {CHAMPION: 5_000})
    own = scored(observation(BEGIN_S + gone_s), history, Versions(model()), arrived_at=AT)
    other = scored(observation(BEGIN_S + gone_s), history, Versions(model(CHALLENGER)), arrived_at=AT)
    newest = len(FEATURES) + [feature.name for feature in STAGE2].index("stage1_newest")
    assert (own.features[newest], other.features[newest]) == (5_000, None)
