"""Sentences on the quality of alerts: with their denominators, and none of too few."""

from typing import Any

from fraud.quality.alert_tally import share_of
from fraud.quality.seen import SENTENCES_MAX, seen

APART = "than of all alerts."


def tally(fraud: int, legitimate: int, *, open_: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "alerts": fraud + legitimate + open_,
        "fraud": fraud,
        "legitimate": legitimate,
        "inconclusive": 0,
        "open": open_,
        "precision": share_of(fraud, fraud + legitimate),
        "rules_alone": 1,
    } | more


def test_a_rule_that_is_right_less_often_is_named_with_its_interval() -> None:
    found = seen(tally(80, 40), [tally(3, 37, rule="spree"), tally(39, 1, rule="sure"), tally(20, 12, rule="usual")])
    assert found == [
        "Of 120 decided alerts 80 were frauds, 66.7 % (57.8 to 74.5).",
        "0 alerts are not decided yet and 0 inconclusive: they count neither as frauds nor as legitimate.",
        f"Rule spree: of 40 decided alerts 3 were frauds, 7.5 % (2.6 to 19.9); that is clearly less {APART}",
        f"Rule sure: of 40 decided alerts 39 were frauds, 97.5 % (87.1 to 99.6); that is clearly more {APART}",
    ]


def test_of_few_decided_alerts_nothing_is_said_but_their_number() -> None:
    assert seen(tally(1, 0, open_=1), []) == [
        "1 of 2 alerts are decided: too few to say how often alerts are right.",
        "1 alert is not decided yet and 0 inconclusive: they count neither as frauds nor as legitimate.",
    ]
    found = seen(tally(5, 0), [tally(0, 4, rule="young"), tally(0, 0, open_=9, rule="new"), tally(0, 0, rule="idle")])
    assert found[-1] == "Rules with alerts of which fewer than 5 are decided: 2. Nothing is said of them."


def test_a_rule_that_adds_nothing_to_the_models_is_named() -> None:
    found = seen(tally(5, 5), [tally(3, 3, rule="echo", rules_alone=0), tally(3, 3, rule="who", rules_alone=None)])
    assert found[2:] == ["Rule echo: a model would have raised each of its 6 alerts as well."]


def test_sentences_are_bounded() -> None:
    many = [tally(0, 50, rule=f"r{number}") for number in range(100)]
    assert len(seen(tally(500, 500), [*many, tally(1, 0, rule="young")])) == SENTENCES_MAX
