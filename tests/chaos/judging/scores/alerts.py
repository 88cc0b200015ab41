"""Alerts, cases and the stream of alerts: one alert a score that asks for it, one open case a card, nothing else."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from fraud.records.alert import Alert
from fraud.records.case import AmountAtRisk, Case
from fraud.records.documents import record_of
from fraud.records.score_row import ScoreRow
from tests.chaos.judging.finding import Finding, broken
from tests.chaos.judging.scores.evidence import ScoreEvidence, place_of

UNSCORED = 0


def alert_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """Alerts against the rows that ask for them."""
    due: dict[str, list[ScoreRow]] = defaultdict(list)
    for row in evidence.rows:
        if row.decision == "alert":
            due[evidence.keys.alert_id(row.account, row.transaction_id)].append(row)
    alerts = [record_of(Alert, each.document) for each in evidence.alerts]
    counts = Counter(alert.alert_id for alert in alerts)
    yield from broken("an alert is missing", due.keys() - counts.keys())
    yield from broken("an alert that no score asks for", counts.keys() - due.keys())
    yield from broken("an alert is doubled", (alert_id for alert_id, count in counts.items() if count > 1))
    for alert in alerts:
        rows = due.get(alert.alert_id, [])
        if rows and not any(_says(alert, row, evidence) for row in rows):
            yield Finding("an alert says otherwise than its score", alert.alert_id)
    yield from _case_faults(alerts, evidence.cases)


def stream_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """Each alert stands on the stream of alerts as it is stored, is known to, and nothing else stands there."""
    documents = {each.document for each in evidence.alerts}
    yield from broken("an alert is not on its stream", documents - set(evidence.published))
    yield from broken("on the stream of alerts, no alert", set(evidence.published) - documents)
    unmarked = (each.document for each in evidence.alerts if not each.is_published)
    yield from broken("an alert is not marked as published", unmarked)


def _says(alert: Alert, row: ScoreRow, evidence: ScoreEvidence) -> bool:
    """Whether an alert is what a row makes of its record; reasons, moments and the case are its own."""
    if (event := evidence.events.get(place_of(row.position))) is None:
        return False
    told = (
        *(alert.account, alert.transaction_id, alert.card_id, alert.card_masked, alert.amount_minor, alert.currency),
        *(alert.score, alert.model, alert.rules, alert.rule_hits, alert.occurred_at, alert.arrived_at),
    )
    due = (
        *(event.account, event.transaction_id, event.card_id, event.card_masked, event.amount_minor, event.currency),
        *(UNSCORED if row.score is None else row.score, row.model, row.rules_version, row.rule_hits),
        *(event.occurred_at, row.arrived_at),
    )
    return told == due


def _case_faults(alerts: Iterable[Alert], cases: Iterable[Case]) -> Iterator[Finding]:
    by_case: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_case[str(alert.case_id)].append(alert)
    found = {str(case.case_id): case for case in cases}
    yield from broken("a case is missing", by_case.keys() - found.keys())
    yield from broken("a case of no alert", found.keys() - by_case.keys())
    open_cases = Counter((case.account, case.card_id) for case in found.values() if case.status != "closed")
    yield from broken("two open cases of one card", (card for card, count in open_cases.items() if count > 1))
    for case_id, case in found.items():
        if wrong := [what for what, is_right in _about(case, by_case[case_id]).items() if not is_right]:
            yield Finding("a case does not add up", f"{case_id}: {', '.join(wrong)}")


def _about(case: Case, alerts: list[Alert]) -> dict[str, bool]:
    amounts: Counter[str] = Counter()
    for alert in alerts:
        amounts[alert.currency] += alert.amount_minor
    at_risk = {AmountAtRisk(currency, amount) for currency, amount in amounts.items()}
    return {
        "its alerts": Counter(each.alert_id for each in case.alerts) == Counter(each.alert_id for each in alerts),
        "its card": {each.card_id for each in alerts} <= {case.card_id},
        "its number": case.number == 1 and case.status == "open",
        "its priority": case.priority == max((each.score for each in alerts), default=UNSCORED),
        "its amounts": set(case.amount_at_risk) == at_risk,
        "its audit": [each.number for each in case.audit] == list(range(1, len(alerts) + 1)),
    }
