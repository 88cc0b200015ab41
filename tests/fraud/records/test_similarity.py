"""Cases are alike by the weight of what both have, of what either has."""

from typing import Any

import pytest
from pydantic_core import from_json

from fraud.records.alert import Reason
from fraud.records.documents import document_of
from fraud.records.similarity import WEIGHTS, Trait, Traits, in_order, similarity, traits_of
from tests.fraud.builders import alert_of


def traits(*alerts: dict[str, Any]) -> Traits:
    """The traits of a case of alerts with these fields."""
    return traits_of(from_json(document_of(alert_of(**fields))) for fields in alerts)


def test_the_traits_of_a_case_are_those_of_its_alerts() -> None:
    """Of reasons the three that speak most for fraud, of amounts the largest of each currency."""
    reasons = tuple(
        Reason(f"f{number}", 1, contribution, "why") for number, contribution in enumerate((0.1, 3.0, -4.0, 2.0, 1.0))
    )
    found = traits(
        {"merchant_id": "mer_a", "reasons": reasons, "amount_minor": 999, "rule_hits": ("r1", "r2")},
        {"merchant_id": None, "reasons": (), "amount_minor": 1_000},
        {"merchant_id": "mer_b", "reasons": (), "amount_minor": 5, "currency": "JPY"},
    )
    assert in_order(found) == [
        Trait("merchant", "mer_a"),
        Trait("merchant", "mer_b"),
        Trait("rule", "r1"),
        Trait("rule", "r2"),
        *(Trait("reason", name) for name in ("f1", "f3", "f4")),
        Trait("amount", "JPY 1"),
        Trait("amount", "USD 4"),
    ]
    assert [trait.text for trait in in_order(found)[-3:]] == [
        "the reason f4",
        "a largest amount from 1 to below 10 JPY",
        "a largest amount from 10 to below 100 USD",
    ]


def test_an_alert_of_before_has_no_merchant() -> None:
    """Its document does not know the field."""
    document = from_json(document_of(alert_of()))
    del document["merchant_id"]
    assert {trait.kind for trait in traits_of([document])} == {"reason", "amount"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({Trait("rule", "a")}, {Trait("rule", "a")}, 1.0),
        ({Trait("rule", "a")}, {Trait("rule", "b")}, 0.0),
        (set(), set(), 0.0),
        ({Trait("amount", "USD 3")}, {Trait("amount", "USD 3")}, 0.0),
        (
            {Trait("merchant", "m"), Trait("reason", "x"), Trait("amount", "USD 3")},
            {Trait("merchant", "m"), Trait("reason", "y"), Trait("amount", "USD 3")},
            (WEIGHTS["merchant"] + WEIGHTS["amount"])
            / (WEIGHTS["merchant"] + WEIGHTS["amount"] + 2 * WEIGHTS["reason"]),
        ),
    ],
)
def test_the_similarity_is_the_weighted_jaccard_index(one: set[Trait], other: set[Trait], expected: float) -> None:
    """It is the same in both directions, and alike amounts alone are nothing."""
    assert similarity(frozenset(one), frozenset(other)) == expected
    assert similarity(frozenset(other), frozenset(one)) == expected
