"""The report on alerts, against counts in plain Python over made alerts."""

import random
from statistics import median
from typing import Any, Final

import pytest

from fraud.quality.alert_quality import AlertQuality, InUse, Window
from fraud.quality.judged_alert import JudgedAlert, judged
from fraud.records.in_use import ModelInUse, RuleInUse, VersionsInUse
from fraud.records.score_counts import SCORE_STEP, STEPS, ScoreCounts
from txn_core.transactions.instants import Instant

NOW: Final = Instant("2026-02-01T12:00:00.000000Z")
WINDOW: Final = Window.of(30, NOW)
OPEN_END: Final = "2027-01-01T00:00:00.000000Z"


def rule(id_: str, **changes: Any) -> RuleInUse:
    fields: dict[str, Any] = {
        "about": f"about {id_}", "action": "alert", "mode": "live", "expires_at": OPEN_END, "is_disabled": False,
    }  # fmt: skip
    return RuleInUse(id=id_, **fields | changes)


IN_USE: Final = InUse(
    VersionsInUse(
        noted_at=NOW,
        model="mdl_new",
        rules_version="rul_1",
        rules=(
            rule("spree"),
            rule("watch", action="review"),
            rule("trial", mode="shadow"),
            rule("sick", is_disabled=True),
            rule("old", expires_at="2026-01-20T00:00:00.000000Z"),
        ),
    ),
    {"mdl_new": ModelInUse(model="mdl_new", alert_from=600), "mdl_old": ModelInUse(model="mdl_old", alert_from=500)},
)


def alert(**changes: Any) -> JudgedAlert:
    fields: dict[str, Any] = {
        "score": 900, "model": "mdl_new", "rule_hits": (), "currency": "USD", "amount_minor": 1_000,
        "alerted_at": Instant("2026-01-15T00:00:00.000000Z"), "outcome": "open", "decided_after_s": None,
    }  # fmt: skip
    return JudgedAlert(**fields | changes)


def made(rng: random.Random) -> JudgedAlert:
    """An alert as the scorer could have raised it, with whatever became of it."""
    model = rng.choice(["mdl_new", "mdl_old", None])
    hits = tuple(name for name in ("spree", "watch", "old", "gone") if rng.random() < 0.3)
    least = 0 if hits else IN_USE.models[model].alert_from if model else 0
    outcome = rng.choice(["fraud", "legitimate", "inconclusive", "open"])
    return alert(
        score=0 if model is None else rng.randrange(least, 1_000),
        model=model,
        rule_hits=hits or (() if model else ("spree",)),
        currency=rng.choice(["USD", "JPY"]),
        amount_minor=rng.randrange(10_000),
        alerted_at=Instant(f"2026-01-{rng.randrange(3, 31):02d}T{rng.randrange(24):02d}:00:00.000000Z"),
        outcome=outcome,
        decided_after_s=rng.randrange(90_000) if outcome in {"fraud", "legitimate"} else None,
    )


def tally(alerts: list[JudgedAlert]) -> dict[str, Any]:
    """What a group is to say, but for its precision's interval."""
    outcomes = ("fraud", "legitimate", "inconclusive", "open")
    counts = {name: sum(each.outcome == name for each in alerts) for name in outcomes}
    times = [each.decided_after_s for each in alerts if each.decided_after_s is not None]
    currencies = sorted({each.currency for each in alerts})
    return {
        "alerts": len(alerts),
        **counts,
        "amounts": [
            {
                "currency": currency,
                "amount_minor": sum(each.amount_minor for each in alerts if each.currency == currency),
                "fraud_amount_minor": sum(
                    each.amount_minor for each in alerts if each.currency == currency and each.outcome == "fraud"
                ),
            }
            for currency in currencies
        ],
        "decided_by_analysts": len(times),
        "median_decision_s": int(median(times)) if times else None,
    }


def is_of_model(each: JudgedAlert) -> bool:
    return each.model is not None and each.score >= IN_USE.models[each.model].alert_from


def report(
    *alerts: JudgedAlert, in_use: InUse = IN_USE, scored: dict[str, ScoreCounts] | None = None
) -> dict[str, Any]:
    quality = AlertQuality(WINDOW, in_use)
    for each in alerts:
        quality.add(each)
    for day, counts in (scored or {}).items():
        quality.add_scored(day, counts)
    return quality.document()


@pytest.mark.parametrize("seed", range(4))
def test_every_group_is_counted_as_plain_python_counts_it(seed: int) -> None:
    rng = random.Random(seed)
    alerts = [made(rng) for _ in range(300)]
    found = report(*alerts)
    precision = found["total"].pop("precision")
    assert found["total"] == tally(alerts)
    decided = [each for each in alerts if each.outcome in {"fraud", "legitimate"}]
    frauds = [each for each in decided if each.outcome == "fraud"]
    assert (precision["count"], precision["of"]) == (len(frauds), len(decided))
    assert precision["value"] == round(len(frauds) / len(decided), 4)
    assert precision["low"] < precision["value"] < precision["high"]
    for each in found["rules"]:
        own = [one for one in alerts if each["rule"] in one.rule_hits]
        assert {name: each[name] for name in tally(own)} == tally(own), each["rule"]
        assert each["rules_alone"] == sum(not is_of_model(one) for one in own)
    for each in found["models"]:
        own = [one for one in alerts if (one.model if is_of_model(one) else None) == each["model"]]
        assert {name: each[name] for name in tally(own)} == tally(own), each["model"]
    days = found["days"]
    for point in found["thresholds"]:
        kept = [
            one for one in alerts if "spree" in one.rule_hits or (is_of_model(one) and one.score >= point["score"])
        ]
        known = [one for one in kept if one.outcome in {"fraud", "legitimate"}]
        caught = sum(one.outcome == "fraud" for one in kept)
        counted = [one for one in alerts if "spree" in one.rule_hits or is_of_model(one)]
        of = sum(one.outcome == "fraud" for one in counted)
        assert point["score"] >= 600
        assert point["alerts"] == len(kept)
        assert point["alerts_a_day"] == pytest.approx(len(kept) / days, abs=0.02)
        assert (point["precision"]["count"], point["precision"]["of"]) == (caught, len(known))
        assert (point["recall"]["count"], point["recall"]["of"]) == (caught, of)
    assert [point["score"] for point in found["thresholds"] if point["is_active"]] == [600]


def test_rules_that_nothing_hit_are_there_with_their_states_and_ended_ones_come_last() -> None:
    found = report(alert(rule_hits=("gone",)))
    assert [(each["rule"], each["state"], each["alerts"]) for each in found["rules"]] == [
        ("spree", "live", 0),
        ("watch", "live", 0),
        ("trial", "shadow", 0),
        ("sick", "disabled", 0),
        ("old", "expired", 0),
        ("gone", "ended", 1),
    ]
    assert found["rules"][0]["precision"] is None
    assert found["rules"][0]["median_decision_s"] is None


def test_hits_are_of_what_was_scored_since_it_is_counted() -> None:
    counts = {
        "2026-01-20": ScoreCounts(scored=10, live={"spree": 2}, shadow={"trial": 3}),
        "2026-01-21": ScoreCounts(scored=30, live={"spree": 1, "gone": 1}),
    }
    found = report(scored=counts)
    assert (found["scored"], found["scored_since"]) == (40, "2026-01-20")
    hits = {each["rule"]: (each["hits"], each["shadow_hits"]) for each in found["rules"]}
    assert hits == {"spree": (3, 0), "watch": (0, 0), "trial": (0, 3), "sick": (0, 0), "old": (0, 0), "gone": (1, 0)}
    assert found["days"] == 12.5


def test_below_the_threshold_the_number_alone_is_known_and_only_from_all_scores() -> None:
    by_score = [0] * STEPS
    by_score[400 // SCORE_STEP] = 125
    counts = {"2026-01-20": ScoreCounts(scored=500, by_score=tuple(by_score))}
    alerts = [alert(score=100, rule_hits=("spree",), outcome="fraud")]
    assert min(point["score"] for point in report(*alerts)["thresholds"]) == 600
    points = {point["score"]: point for point in report(*alerts, scored=counts)["thresholds"]}
    days = 17.5
    assert points[400]["alerts_a_day"] == pytest.approx(125 / 12.5 + 1 / days, abs=0.01)
    assert points[425]["alerts_a_day"] == pytest.approx(1 / days, abs=0.01)
    assert points[25]["alerts_a_day"] == points[400]["alerts_a_day"]
    assert [points[400][name] for name in ("alerts", "precision", "recall")] == [None, None, None]
    assert points[600]["alerts"] == 1


def test_a_lower_threshold_never_has_fewer_alerts() -> None:
    counts = {"2026-01-31": ScoreCounts(scored=9, by_score=(1,) * STEPS)}
    loads = [each["alerts_a_day"] for each in report(*[alert()] * 900, scored=counts)["thresholds"]]
    assert loads == sorted(loads, reverse=True)
    assert loads[0] > 50


def test_alerts_of_an_unknown_threshold_are_not_said_to_be_of_rules_alone() -> None:
    unknown = InUse(IN_USE.versions, {})
    found = report(alert(rule_hits=("spree",)), alert(score=700), in_use=unknown)
    assert found["alert_from"] is None
    assert found["rules"][0]["rules_alone"] is None
    assert [(each["model"], each["alerts"]) for each in found["models"]] == [("mdl_new", 2)]
    assert min(point["score"] for point in found["thresholds"]) == 700


def test_without_a_scorer_nothing_is_said_that_is_not_known() -> None:
    found = report(in_use=InUse())
    assert (found["model"], found["alert_from"], found["scored_since"], found["rules"]) == (None, None, None, [])
    assert found["thresholds"] == []
    assert found["total"]["precision"] is None


def label(value: str, source: str = "analyst", at: str = "2026-01-16T00:00:00.000000Z") -> dict[str, Any]:
    return {"value": value, "source": source, "labelled_at": at}


@pytest.mark.parametrize(
    ("labels", "case", "outcome", "seconds"),
    [
        ([], None, "open", None),
        ([], {"status": "open", "resolution": None}, "open", None),
        ([], {"status": "closed", "resolution": "inconclusive"}, "inconclusive", None),
        ([], {"status": "closed", "resolution": "fraud"}, "open", None),
        ([label("fraud")], None, "fraud", 86_400),
        # Reopened and closed again: the last label counts, the first one tells how long it took.
        ([label("legitimate"), label("fraud", at="2026-01-20T00:00:00.000000Z")], None, "fraud", 86_400),
        # A chargeback says otherwise, weeks later.
        ([label("legitimate"), label("fraud", "chargeback", "2026-03-01T00:00:00.000000Z")], None, "fraud", 86_400),
        ([label("fraud", "chargeback")], None, "fraud", None),
        ([label("fraud", at="2026-01-01T00:00:00.000000Z")], None, "fraud", 0),
    ],
)
def test_the_last_label_counts(
    labels: list[dict[str, Any]], case: dict[str, Any] | None, outcome: str, seconds: int | None
) -> None:
    document = alert()._asdict() | {"rule_hits": ["spree"]}
    found = judged(document, {"history": labels} if labels else None, case)
    assert (found.outcome, found.decided_after_s, found.rule_hits) == (outcome, seconds, ("spree",))
