"""What a process of the scorer counts besides what every drain does."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from fraud.records.score_row import Decision, Fallback
from fraud.registry.active_versions import WANTED_KINDS, WANTED_REFUSED
from fraud.scoring.verdict import Verdict
from workers.metrics import WorkerMetrics


class ScoreMetrics:
    """The counts of one process of the scorer."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self.flushes = metrics.counter("flushes", "Flushes carried out", "cause")
        self._decisions = metrics.counter("decisions", "Records scored", "decision")
        self._fallbacks = metrics.counter("fallbacks", "Records that no model scored", "reason")
        self.alerts = metrics.counter("alerts", "Alerts that were raised, or found raised already")
        self.repeats = metrics.counter("repeats", "Records of ids that were scored before")
        self._rule_hits = metrics.counter("rule_hits", "Records that rules hit", "mode")
        self._rule_errors = metrics.counter("rule_errors", "Rules that failed on a record")
        self.model_errors = metrics.counter("model_errors", "Models that failed on a record")
        self.state_conflicts = metrics.counter("state_conflicts", "Card states that another worker had changed")
        self.states_unreadable = metrics.counter("states_unreadable", "Card states that could not be read")
        self.versions_refused = metrics.counter("versions_refused", "Versions that could not be taken", "kind")
        self._wanted_refused = metrics.gauge(
            WANTED_REFUSED, "1 while what is wanted is refused, and what was wanted before goes on", "kind"
        )
        self.drift = metrics.gauge("drift", "Population stability index of the latest records", "feature")
        for decision in get_args(Decision):
            self._decisions.labels(decision)
        for reason in get_args(Fallback):
            self._fallbacks.labels(reason)
        self.note_refused(frozenset())

    def note_refused(self, kinds: frozenset[str]) -> None:
        """Say of which of the `WANTED_KINDS` the wanted version is refused now."""
        for kind in WANTED_KINDS:
            self._wanted_refused.labels(kind).set(kind in kinds)

    def note(self, verdicts: Sequence[Verdict]) -> None:
        """Count the verdicts of some records."""
        for decision, count in Counter(verdict.decision for verdict in verdicts).items():
            self._decisions.labels(decision).inc(count)
        for reason, count in Counter(verdict.fallback for verdict in verdicts if verdict.fallback).items():
            self._fallbacks.labels(reason).inc(count)
        self._rule_hits.labels("live").inc(sum(len(verdict.rule_hits) for verdict in verdicts))
        self._rule_hits.labels("shadow").inc(sum(len(verdict.shadow_hits) for verdict in verdicts))
        self._rule_errors.inc(sum(len(verdict.rule_errors) for verdict in verdicts))
        self.model_errors.inc(sum(len(verdict.model_errors) for verdict in verdicts))
