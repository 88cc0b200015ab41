"""How alerts and cases come together, as pure functions.

An alert joins the card's case while that is open or claimed and its newest alert is at most 72 hours old, or while
somebody holds it or has put it off. Any other alert begins the card's next case. The case before it is closed for
good then, if it was not closed already: undecided, so without a label, and the next case names it.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from fraud.records.alert import Alert
from fraud.records.case import AmountAtRisk, AuditEntry, Case, CaseAlert
from fraud.records.case_actions import Actor, entered, later
from txn_core.transactions.identity import CaseId
from txn_core.transactions.instants import Instant, datetime_of

SCORER: Final = Actor("scorer")
JOINED_WITHIN: Final = timedelta(hours=72)
ALERTS_MAX: Final = 300
"""That a case counts. Further ones name the case, and are not counted: what they say was said 300 times."""
LAPSED: Final = "No decision within 72 hours of its newest alert, and another alert of the card came."


def takes(case: Case, alert: Alert, at: Instant) -> bool:
    """Whether an alert joins a case."""
    if case.status == "closed":
        return False
    is_waited_for = case.is_held(at) or (case.snoozed_until is not None and at < case.snoozed_until)
    return is_waited_for or datetime_of(alert.alerted_at) - datetime_of(case.last_alerted_at) <= JOINED_WITHIN


def opened(alert: Alert, case_id: CaseId, number: int, previous: CaseId | None, at: Instant) -> Case:
    """The case that an alert begins."""
    entry = AuditEntry(number=1, at=at, by=SCORER.name, action="opened", text=alert.alert_id)
    return Case(
        case_id=case_id,
        account=alert.account,
        card_id=alert.card_id,
        card_masked=alert.card_masked,
        number=number,
        previous_case_id=previous,
        status="open",
        priority=alert.score,
        amount_at_risk=(AmountAtRisk(alert.currency, alert.amount_minor),),
        opened_at=at,
        last_alerted_at=alert.alerted_at,
        alerts=(CaseAlert(alert.alert_id, alert.transaction_id),),
        audit=(entry,),
    )


def joined(case: Case, alert: Alert, at: Instant) -> Case:
    """A case that is not closed, with one alert more; the same case when it has the alert or can count no further."""
    if case.has(alert.alert_id) or len(case.alerts) >= ALERTS_MAX:
        return case
    amounts = {each.currency: each.amount_minor for each in case.amount_at_risk}
    amounts[alert.currency] = amounts.get(alert.currency, 0) + alert.amount_minor
    grown = replace(
        case,
        priority=max(case.priority, alert.score),
        amount_at_risk=tuple(AmountAtRisk(*each) for each in amounts.items()),
        last_alerted_at=max(case.last_alerted_at, alert.alerted_at),
        snoozed_until=None,
        alerts=(*case.alerts, CaseAlert(alert.alert_id, alert.transaction_id)),
    )
    return entered(grown, "alert_joined", SCORER, later(case, at), text=alert.alert_id)


def superseded(case: Case, at: Instant) -> Case:
    """A case that never opens again."""
    at = later(case, at)
    ended = replace(case, superseded=True)
    if case.status == "closed":
        return entered(ended, "superseded", SCORER, at)
    lapsed = replace(
        ended,
        status="closed",
        assignee=None,
        claim_expires_at=None,
        assigned_to=None,
        assignment_expires_at=None,
        snoozed_until=None,
        resolution="inconclusive",
        reason=LAPSED,
        closed_at=at,
        closed_by=SCORER.name,
    )
    return entered(lapsed, "superseded", SCORER, at, text=LAPSED, resolution="inconclusive")
