"""An alert says of an event what its verdict says, with reasons in log-odds."""

from fraud.history.card_history import CardHistory
from fraud.observations.reading import observation_of
from fraud.records.alert import Reason
from fraud.scoring.alerts_of_scores import alert_of
from fraud.scoring.fold import scored
from fraud.scoring.versions import Versions
from tests.builders import encoded, full_body, json_bytes, keys
from tests.fraud.rules.written import rule_set
from tests.fraud.scoring.made_models import CHAMPION, model
from txn_core.transactions.event import Event
from txn_core.transactions.instants import Instant
from txn_core.transactions.transaction import parse_transaction

EVENT = Event.decode(encoded(parse_transaction(json_bytes(full_body()))).data)
ARRIVED, ALERTED = Instant("2026-01-02T03:04:05.000000Z"), Instant("2026-01-02T03:04:06.000000Z")


def test_an_alert_of_a_model_names_it_and_gives_its_reasons() -> None:
    verdict = scored(observation_of(EVENT), CardHistory.empty(), Versions(model()), arrived_at=ARRIVED)
    assert verdict.scored is not None
    reasons = model().reasons(verdict.scored)
    alert = alert_of(EVENT, verdict, reasons, keys(), arrived_at=ARRIVED, alerted_at=ALERTED)
    assert alert.alert_id == keys().alert_id(EVENT.account, EVENT.transaction_id)
    assert (alert.model, alert.rules, alert.score, alert.case_id) == (CHAMPION, None, verdict.score, None)
    assert (alert.arrived_at, alert.alerted_at, alert.card_masked) == (ARRIVED, ALERTED, EVENT.card_masked)
    assert alert.reasons == tuple(
        Reason(each.feature, each.value, each.contribution / 1000.0, each.text) for each in reasons
    )
    assert all(reason.contribution > 0 for reason in alert.reasons)


def test_an_alert_of_rules_alone_has_no_model_and_no_reasons() -> None:
    rules = rule_set("amount_minor > 0")
    verdict = scored(observation_of(EVENT), CardHistory.empty(), Versions(rules=rules), arrived_at=ARRIVED)
    alert = alert_of(EVENT, verdict, (), keys(), arrived_at=ARRIVED, alerted_at=ALERTED)
    assert (alert.model, alert.rules, alert.rule_hits) == (None, rules.version, ("r0",))
    assert (alert.score, alert.severity, alert.reasons) == (0, "medium", ())
