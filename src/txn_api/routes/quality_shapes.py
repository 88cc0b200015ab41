"""What the document tells of the quality of alerts."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from fraud.quality.alert_quality import MODELS_MAX, RULES_MAX
from fraud.quality.quality_desk import ALERTS_MAX
from fraud.quality.seen import SENTENCES_MAX
from fraud.quality.thresholds import SCORES
from txn_api.schemas import InstantText, Shape
from txn_core.transactions.faults import CONTROL_FREE_PATTERN

_Count = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Code = Annotated[str, Field(max_length=128, pattern="^[A-Za-z0-9_.:-]+$")]
_Score = Annotated[int, Field(ge=0, le=999)]


class ProportionShape(Shape):
    """A proportion with its 95 % interval by Wilson."""

    count: _Count
    of: Annotated[int, Field(ge=1, description="The denominator.")]
    value: _Share
    low: _Share
    high: _Share


class AmountsShape(Shape):
    """Sums of the alerts' amounts in one currency, in its minor units."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    amount_minor: _Count
    fraud_amount_minor: Annotated[int, Field(ge=0, description="Of those that are labelled as fraud.")]


class AlertTallyShape(Shape):
    """What became of some alerts. Those without a label count apart: nobody knows whether they are legitimate."""

    alerts: _Count
    fraud: _Count
    legitimate: _Count
    inconclusive: Annotated[int, Field(ge=0, description="No label, and the case was closed so.")]
    open: Annotated[int, Field(ge=0, description="No label yet.")]
    precision: Annotated[ProportionShape | None, Field(description="Frauds of the alerts that have a label.")]
    amounts: Annotated[list[AmountsShape], Field(max_length=200)]
    decided_by_analysts: _Count
    median_decision_s: Annotated[
        int | None, Field(ge=0, description="Seconds from an alert to the first label of an analyst.")
    ]


class RuleQualityShape(AlertTallyShape):
    """A rule, and the alerts that it hit as a live one."""

    rule: _Code
    about: Annotated[str, Field(max_length=200, pattern=CONTROL_FREE_PATTERN, description="In words.")]
    state: Literal["live", "shadow", "disabled", "expired", "ended"]
    action: Literal["alert", "review", "note"] | None
    hits: Annotated[int, Field(ge=0, description="Of the transactions in `scored`.")]
    shadow_hits: Annotated[int, Field(ge=0, description="Hits that were counted and not acted upon.")]
    rules_alone: Annotated[
        int | None,
        Field(
            ge=0, description="Of its alerts, those that no model would have raised; null where that is not known."
        ),
    ]


class ModelQualityShape(AlertTallyShape):
    """A model, and the alerts that it would have raised by itself; null is what rules alone raised."""

    model: _Code | None
    alert_from: Annotated[_Score | None, Field(description="The score from which on it alerts, if known.")]


class ThresholdShape(Shape):
    """What a threshold of the model means, with today's rules beside it."""

    score: _Score
    is_active: bool
    alerts_a_day: Annotated[float, Field(ge=0, le=1e9)]
    alerts: Annotated[int | None, Field(ge=0, description="In the window; null below what was raised.")]
    precision: ProportionShape | None
    recall: Annotated[ProportionShape | None, Field(description="Of the frauds among the window's alerts.")]


class AlertQualityShape(Shape):
    """How well the alerts of the last days work."""

    start: Annotated[InstantText, Field(alias="from")]
    to: InstantText
    is_complete: Annotated[bool, Field(description="False when only the latest `alerts_max` alerts are counted.")]
    alerts_max: Annotated[int, Field(ge=1, le=ALERTS_MAX)]
    days: Annotated[float, Field(ge=1, le=100, description="In which these alerts were raised.")]
    model: Annotated[_Code | None, Field(description="The model that scores now.")]
    alert_from: Annotated[_Score | None, Field(description="Its threshold.")]
    rules_version: _Code | None
    scored: Annotated[int, Field(ge=0, description="Transactions that were scored and counted in the window.")]
    scored_since: Annotated[str | None, Field(max_length=10, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    seen: Annotated[
        list[Annotated[str, Field(max_length=400, pattern=CONTROL_FREE_PATTERN)]],
        Field(max_length=SENTENCES_MAX, description="What stands out, in sentences for people."),
    ]
    total: AlertTallyShape
    rules: Annotated[list[RuleQualityShape], Field(max_length=RULES_MAX)]
    models: Annotated[list[ModelQualityShape], Field(max_length=MODELS_MAX)]
    thresholds: Annotated[list[ThresholdShape], Field(max_length=len(SCORES) + 1)]


_PRECISION: Final = {"count": 30, "of": 40, "value": 0.75, "low": 0.5981, "high": 0.8581}
_TALLY: Final = {
    "alerts": 52,
    "fraud": 30,
    "legitimate": 10,
    "inconclusive": 2,
    "open": 10,
    "precision": _PRECISION,
    "amounts": [{"currency": "USD", "amount_minor": 4_210_050, "fraud_amount_minor": 3_100_000}],
    "decided_by_analysts": 38,
    "median_decision_s": 5_400,
}
QUALITY_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "AlertQuality": {
        "report": {
            "from": "2026-01-02T00:00:00.000000Z",
            "to": "2026-02-01T09:30:00.000000Z",
            "is_complete": True,
            "alerts_max": ALERTS_MAX,
            "days": 30.4,
            "model": "mdl_2026-01-01",
            "alert_from": 610,
            "rules_version": "rules_7",
            "scored": 120_000,
            "scored_since": "2026-01-02",
            "seen": [
                "Of 40 decided alerts 30 were frauds, 75.0 % (59.8 to 85.8).",
                "10 alerts are not decided yet and 2 inconclusive: they count neither as frauds nor as legitimate.",
            ],
            "total": _TALLY,
            "rules": [
                {
                    "rule": "night_spree",
                    "about": "Three large purchases in one night",
                    "state": "live",
                    "action": "alert",
                    "hits": 80,
                    "shadow_hits": 0,
                    "rules_alone": 9,
                    **_TALLY,
                }
            ],
            "models": [{"model": "mdl_2026-01-01", "alert_from": 610, **_TALLY}],
            "thresholds": [
                {
                    "score": 610,
                    "is_active": True,
                    "alerts_a_day": 1.71,
                    "alerts": 52,
                    "precision": _PRECISION,
                    "recall": {"count": 30, "of": 30, "value": 1.0, "low": 0.8865, "high": 1.0},
                }
            ],
        }
    }
}
