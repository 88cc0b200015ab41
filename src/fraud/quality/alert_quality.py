"""How well the alerts of a window work: adds up alerts one by one, and says what is known of rules and models."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from fraud.quality.alert_tally import AlertTally
from fraud.quality.judged_alert import JudgedAlert
from fraud.quality.seen import seen
from fraud.quality.thresholds import ScoredDays, Thresholds
from fraud.records.in_use import ModelInUse, RuleInUse, VersionsInUse
from fraud.records.score_counts import ScoreCounts
from txn_core.transactions.instants import DATE_LENGTH, Instant, datetime_of, instant_of

RULES_MAX: Final = 500
"""Rules of a report: those in use, then those with most alerts."""
MODELS_MAX: Final = 50
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From the beginning of a day, so many days ago, until now."""

    start: Instant
    end: Instant

    @classmethod
    def of(cls, days: int, now: Instant) -> "Window":
        """The window of so many whole days and of today."""
        day = datetime_of(now).replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(instant_of(day - days * _DAY), now)

    @property
    def first_day(self) -> str:
        """Its first day, `2026-01-02`."""
        return self.start[:DATE_LENGTH]


@dataclass(frozen=True, slots=True)
class InUse:
    """What scores now, and the models whose thresholds are known, by their ids."""

    versions: VersionsInUse | None = None
    models: dict[str, ModelInUse] = field(default_factory=dict)

    @property
    def active(self) -> ModelInUse | None:
        """The model that scores now, if its threshold is known."""
        return None if self.versions is None else self.models.get(self.versions.model or "")

    def rules(self) -> dict[str, RuleInUse]:
        """The rules that are wanted now, by their ids."""
        return {} if self.versions is None else {rule.id: rule for rule in self.versions.rules}


class AlertQuality:
    """Adds up the alerts of a window."""

    def __init__(self, window: Window, in_use: InUse) -> None:
        self._window, self._in_use, self._rules_in_use = window, in_use, in_use.rules()
        self._raising = {id_ for id_, rule in self._rules_in_use.items() if rule.raises_alerts_at(window.end)}
        self._total = AlertTally()
        self._rules: dict[str, AlertTally] = {}
        self._alone: Counter[str] = Counter()
        self._unknown: set[str] = set()
        self._models: dict[str | None, AlertTally] = {}
        self._thresholds = Thresholds()
        self._earliest = window.end
        self._lowest_of_models = 1_000
        self._scored = ScoreCounts()
        self._scored_since: str | None = None
        self._is_complete = True

    def add(self, alert: JudgedAlert) -> None:
        """Add an alert."""
        self._total.add(alert)
        self._earliest = min(self._earliest, alert.alerted_at)
        is_alone = alert.is_of_rules_alone(self._in_use.models)
        for rule in alert.rule_hits:
            self._rules.setdefault(rule, AlertTally()).add(alert)
            self._alone[rule] += is_alone is True
            if is_alone is None:
                self._unknown.add(rule)
        self._models.setdefault(None if is_alone else alert.model, AlertTally()).add(alert)
        if is_alone is False:
            self._lowest_of_models = min(self._lowest_of_models, alert.score)
        stays = not self._raising.isdisjoint(alert.rule_hits)
        # What rules raised that have ended would be raised no more, unless the model says so.
        if stays or not is_alone:
            self._thresholds.add(alert, stays=stays)

    def add_scored(self, day: str, counts: ScoreCounts) -> None:
        """Add the counts of what was scored on a day."""
        self._scored += counts
        self._scored_since = day if self._scored_since is None else min(day, self._scored_since)

    def leave_out_the_rest(self) -> None:
        """Note that there are earlier alerts in the window, which are not counted."""
        self._is_complete = False

    def document(self) -> dict[str, Any]:
        """What was found, as JSON has it."""
        versions, active = self._in_use.versions, self._in_use.active
        days, scored_days = self._days(), self._scored_days()
        scored = None if scored_days is None else ScoredDays(self._scored.by_score, scored_days)
        total, rules = self._total.document(), [self._rule(rule_id) for rule_id in self._rule_ids()]
        return {
            "from": self._window.start if self._is_complete else self._earliest,
            "to": self._window.end,
            "is_complete": self._is_complete,
            "days": round(days, 2),
            "model": None if versions is None else versions.model,
            "alert_from": None if active is None else active.alert_from,
            "rules_version": None if versions is None else versions.rules_version,
            "scored": self._scored.scored,
            "scored_since": self._scored_since,
            "seen": seen(total, rules),
            "total": total,
            "rules": rules,
            "models": [self._model(model, tally) for model, tally in self._sorted_models()],
            "thresholds": self._thresholds.points(
                active=None if active is None else active.alert_from,
                known_from=self._known_from(),
                days=days,
                scored=scored,
            ),
        }

    def _days(self) -> float:
        """In how many days the alerts were raised: from when on something is known, a day at least."""
        since = self._earliest
        if self._is_complete:
            counted = self._window.end if self._scored_since is None else _start(self._scored_since)
            since = max(self._window.start, min(since, counted))
        return _days_between(since, self._window.end)

    def _scored_days(self) -> float | None:
        if self._scored_since is None:
            return None
        return _days_between(_start(self._scored_since), self._window.end)

    def _known_from(self) -> int:
        """The lowest threshold whose alerts have all been raised in the window."""
        used = {*self._models, None if self._in_use.versions is None else self._in_use.versions.model} - {None}
        known = [self._in_use.models[model].alert_from for model in used if model in self._in_use.models]
        unknown = [] if len(known) == len(used) and known else [self._lowest_of_models]
        return max([*known, *unknown])

    def _rule_ids(self) -> list[str]:
        hit = [*self._rules, *self._scored.live, *self._scored.shadow]
        ended = {rule for rule in hit if rule not in self._rules_in_use}
        by_alerts = sorted(ended, key=lambda rule: (-self._alerts_of(rule), rule))
        return [*self._rules_in_use, *by_alerts][:RULES_MAX]

    def _alerts_of(self, rule_id: str) -> int:
        return self._rules[rule_id].alerts if rule_id in self._rules else 0

    def _rule(self, rule_id: str) -> dict[str, Any]:
        rule = self._rules_in_use.get(rule_id)
        return {
            "rule": rule_id,
            "about": "" if rule is None else rule.about,
            "state": "ended" if rule is None else _state(rule, self._window.end),
            "action": None if rule is None else rule.action,
            "hits": self._scored.live.get(rule_id, 0),
            "shadow_hits": self._scored.shadow.get(rule_id, 0),
            "rules_alone": None if rule_id in self._unknown else self._alone[rule_id],
            **self._rules.get(rule_id, AlertTally()).document(),
        }

    def _sorted_models(self) -> list[tuple[str | None, AlertTally]]:
        by_alerts = sorted(self._models.items(), key=lambda each: (-each[1].alerts, each[0] or ""))
        return by_alerts[:MODELS_MAX]

    def _model(self, model: str | None, tally: AlertTally) -> dict[str, Any]:
        known = self._in_use.models.get(model or "")
        return {"model": model, "alert_from": None if known is None else known.alert_from, **tally.document()}


def _state(rule: RuleInUse, at: Instant) -> str:
    if rule.is_disabled:
        return "disabled"
    return "expired" if rule.expires_at <= at else rule.mode


def _start(day: str) -> Instant:
    return Instant(f"{day}T00:00:00.000000Z")


def _days_between(start: Instant, end: Instant) -> float:
    return max(1.0, (datetime_of(end) - datetime_of(start)) / _DAY)
