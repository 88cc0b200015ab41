"""Two models on the same transactions, counted by hand."""

import random

from fraud.evaluation.side_by_side import SideBySide


def decide(score: int) -> str:
    return "alert" if score >= 10 else "review" if score >= 5 else "pass"


def later(score: int) -> str:
    return "alert" if score >= 20 else "pass"


def test_agreement_alerts_and_precision_are_those_of_the_rows() -> None:
    side = SideBySide(decide, later)
    rows: list[tuple[int, int, bool | None]] = [
        (12, 25, True), (11, 19, False), (3, 30, True), (6, 1, None), (4, 2, False), (2, 21, None), (15, 22, None),
    ]  # fmt: skip
    for number, (champion, challenger, is_fraud) in enumerate(rows):
        side.add(f"card{number}", 0, champion=champion, challenger=challenger, is_fraud=is_fraud)
    found = side.document()
    assert (found["rows"], found["labelled"], found["frauds"]) == (7, 4, 2)
    assert found["agreement"] == round(3 / 7, 6)
    assert found["alerts"] == {
        "both": {"rows": 2, "frauds": 1, "legitimate": 0},
        "champion_alone": {"rows": 1, "frauds": 0, "legitimate": 1},
        "challenger_alone": {"rows": 2, "frauds": 1, "legitimate": 0},
    }
    # The champion ranks fraud, other, other, fraud; the challenger both frauds first.
    precision = found["average_precision"]
    assert (precision["champion"], precision["challenger"]) == (0.75, 1.0)
    assert precision["difference"]["value"] == 0.25
    assert precision["difference"]["low"] <= 0.25 <= precision["difference"]["high"]


def test_nothing_is_said_of_what_nobody_knows() -> None:
    side = SideBySide(decide, later)
    assert (side.document()["agreement"], side.document()["average_precision"]) == (None, None)
    side.add("card", 0, champion=1, challenger=1, is_fraud=None)
    assert side.document()["average_precision"] is None
    side.add("card", 0, champion=1, challenger=1, is_fraud=False)
    assert side.document()["average_precision"] is None, "no fraud to rank"


def test_without_thresholds_ranks_are_compared_and_nothing_is_said_of_alerts() -> None:
    side = SideBySide(decide, None)
    side.add("card", 0, champion=1, challenger=2, is_fraud=True)
    found = side.document()
    assert (found["rows"], found["agreement"], found["alerts"]) == (1, None, None)
    assert found["average_precision"]["challenger"] == 1.0


def test_a_better_challenger_is_better_however_cards_are_drawn() -> None:
    rng, side = random.Random(3), SideBySide(decide, decide)
    for number in range(600):
        is_fraud = number % 10 == 0
        champion = rng.randrange(30)
        challenger = champion + 20 * is_fraud
        side.add(f"card{number % 60}", 0, champion=champion, challenger=challenger, is_fraud=is_fraud)
    assert side.document()["average_precision"]["difference"]["low"] > 0.2
    assert side.document() == side.document()
