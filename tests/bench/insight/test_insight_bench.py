"""What the measures of the insight service make of what they saw."""

import httpx
from bench.insight.endless import ENDLESS, asked
from bench.insight.pages import Figure, table
from bench.insight.queries import Answers, choices

LABELS = {"region": ["West", "South"], "month": ["2026-03", "2026-04"], "currency": ["USD"], "state": []}


def figure(view: str, answered_p95: float) -> Figure:
    """Ten cold visits to a view."""
    return Figure(view, "cold", 10, 100.0, answered_p95, 200.0, 900.0, 300.0, 950.0, 80.0, 90.0)


def test_a_picture_has_a_bar_and_the_overview_has_none() -> None:
    """Twelve pictures take turns in the overview."""
    missed, met, overview = figure("insight/q01", 1_001), figure("insight/q02", 1_000), figure("insight", 5_000)
    assert [each.ok for each in (missed, met, overview)] == [False, True, True]
    lines = table([missed, met, overview]).splitlines()
    assert ["missed" in line for line in lines] == [False, False, True, False, False]
    assert lines[2].startswith("| insight/q01 | cold | 10 | 100 / 1,001 | 1,000 | missed | 200 / 900 |")


def test_an_endless_query_has_to_be_ended_and_others_to_be_answered_or_refused() -> None:
    """Each refusal says when to come again."""
    again = {"Retry-After": "5"}
    answers = Answers()
    for query, response in (
        ("q01", httpx.Response(200)),
        ("q02", httpx.Response(503, headers=again, json={"code": "overloaded"})),
        (ENDLESS, httpx.Response(503, headers=again, json={"code": "query_too_long"})),
    ):
        answers.note(query, response, 1.5)
    assert (answers.wrong, answers.longest_s) == ([], 1.5)
    answers.note("q02", httpx.Response(503, json={"code": "overloaded"}), 1.0)
    answers.note(ENDLESS, httpx.Response(503, headers=again, json={"code": "overloaded"}), 1.0)
    answers.note("q03", httpx.Response(500, json={"code": "internal_error"}), 1.0)
    assert answers.wrong == ["q02: 503 overloaded", f"{ENDLESS}: 503 overloaded", "q03: 500 internal_error"]
    assert answers.outcomes.total() == 6


def test_choices_are_the_same_for_a_seed_and_of_what_there_is() -> None:
    """A dimension without labels is never chosen."""
    chosen = choices(LABELS, 50, seed=3)
    assert chosen == choices(LABELS, 50, seed=3)
    assert len(chosen) == 50
    assert {name for choice in chosen for name in choice} == {"region", "month", "currency"}
    assert all(value in LABELS[name] for choice in chosen for name, value in choice.items())


def test_one_of_twelve_questions_is_endless() -> None:
    """And it goes first."""
    names = [question.name for question in asked()]
    assert names[0] == ENDLESS
    assert len(set(names)) == 12
