"""Alerts come into cases once, whatever is lost, whoever repeats it, and in whatever order."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from fraud.records.alert import Alert
from fraud.records.case import Case
from fraud.records.case_actions import Actor, CaseError, Claim, Close, Reopen
from fraud.records.documents import record_of
from fraud.review.alert_desk import AlertDesk
from fraud.review.case_desk import CaseChangedError, CaseDesk
from fraud.review.label_desk import LabelDesk
from tests.builders import ACCOUNT
from tests.fraud.builders import BEGAN, KEYS, after, alert_of
from tests.fraud.review.memory_tables import (
    Clock,
    LostError,
    MemoryAlerts,
    MemoryCases,
    MemoryLabels,
    Steps,
    Stored,
)

ANNA = Actor("key_anna")
FRAUD, AGAIN = Close("fraud", "not hers"), Reopen("she has called")


@dataclass
class Office:
    """The desks over one set of tables."""

    stored: Stored = field(default_factory=Stored)
    steps: Steps = field(default_factory=Steps)
    clock: Clock = field(default_factory=lambda: Clock(BEGAN))

    def alerts(self, steps: Steps | None = None) -> AlertDesk:
        """A scorer's desk; each process has its own."""
        steps = steps or self.steps
        return AlertDesk(MemoryAlerts(self.stored, steps), MemoryCases(self.stored, steps), KEYS, self.clock)

    def reviewers(self, steps: Steps | None = None) -> CaseDesk:
        """The reviewers' desk."""
        steps = steps or self.steps
        labels = LabelDesk(MemoryLabels(self.stored, steps), lambda: 0.0)
        return CaseDesk(MemoryCases(self.stored, steps), labels, self.clock)

    def cases(self) -> list[Case]:
        """Every case, by its number."""
        cases = [record_of(Case, item.document) for item in self.stored.cases.values()]
        return sorted(cases, key=lambda case: case.number)

    async def act(self, action: Claim | Close | Reopen) -> None:
        """What a reviewer does to the card's last case, if that is possible."""
        for case in self.cases()[-1:]:
            with suppress(CaseError, CaseChangedError):
                await self.reviewers().act(ACCOUNT, case.case_id, action, ANNA, seen=None)

    def hold(self, alerts: list[Alert]) -> None:
        """Every alert is stored once, in the one case that has counted it, and one case at most is not closed."""
        cases = self.cases()
        counted = [each.alert_id for case in cases for each in case.alerts]
        assert sorted(counted) == sorted(alert.alert_id for alert in alerts)
        for case in cases:
            for each in case.alerts:
                assert self.stored.alerts[ACCOUNT, each.alert_id].case_id == case.case_id
                document = self.stored.alerts[ACCOUNT, each.alert_id].document
                assert record_of(Alert, document).case_id == case.case_id
            assert [entry.number for entry in case.audit] == list(range(1, case.version + 1))
        assert [case.number for case in cases] == list(range(1, len(cases) + 1))
        assert all(case.superseded for case in cases[:-1])
        assert [each.case_id for each in cases[1:]] == [
            KEYS.case_id(ACCOUNT, case.card_id, case.number + 1) for case in cases[:-1]
        ]


async def test_the_alerts_of_a_card_are_one_case() -> None:
    """The case has the highest score, the sums by currency, and each alert once."""
    office, alerts = Office(), [alert_of(1), alert_of(2, score=970), alert_of(3, currency="EUR", score=10)]
    for alert in [*alerts, *alerts]:
        told = await office.alerts().raise_alert(alert)
        assert told.alert.case_id == KEYS.case_id(ACCOUNT, alert.card_id, 1)
    (case,) = office.cases()
    assert (case.priority, case.version) == (970, 3)
    assert {each.currency: each.amount_minor for each in case.amount_at_risk} == {"USD": 3_000, "EUR": 3_000}
    office.hold(alerts)


async def test_the_first_one_decides_what_an_alert_says() -> None:
    """A successor that computes the alert again at another time finds the one that was published."""
    office = Office()
    first = await office.alerts().raise_alert(alert_of(1))
    assert await office.alerts().raise_alert(alert_of(1, alerted_at=after(hours=1))) == first
    assert not first.is_published
    await office.alerts().mark_published(first.alert)
    assert await office.alerts().raise_alert(alert_of(1)) == replace(first, is_published=True)


@pytest.mark.parametrize(
    ("hours", "before", "cases"),
    [(72, [], 1), (73, [], 2), (73, [Claim()], 1), (1, [FRAUD], 2), (1, [FRAUD, AGAIN], 1)],
)
async def test_when_an_alert_joins(hours: float, before: list[Claim | Close | Reopen], cases: int) -> None:
    """Within 72 hours, or while somebody holds the case; a closed case stays as it was decided."""
    office = Office()
    await office.alerts().raise_alert(alert_of(1))
    office.clock.at = after(hours=hours, minutes=-5)
    for action in before:
        await office.act(action)
    await office.alerts().raise_alert(alert_of(2, alerted_at=after(hours=hours)))
    found = office.cases()
    assert len(found) == cases
    assert [case.status == "closed" for case in found] == [True] * (cases - 1) + [False]
    assert found[-1].previous_case_id == (found[0].case_id if cases == 2 else None)
    office.hold([alert_of(1), alert_of(2)])


async def test_many_alerts_of_a_card_are_one_write_of_its_case() -> None:
    """A rule that hits everything raises hundreds; a case that was read and written for each would hold up all."""
    office, alerts = Office(), [alert_of(number) for number in range(1, 101)]
    raised = await office.alerts().raise_alerts(alerts)
    assert [each.alert.alert_id for each in raised] == [alert.alert_id for alert in alerts]
    assert office.steps.calls < len(alerts) + 15
    assert [entry.text for entry in office.cases()[0].audit] == [alert.alert_id for alert in alerts]
    office.hold(alerts)


async def test_an_id_that_another_card_has_takes_no_other_alert_along() -> None:
    """Two cards with one transaction id: the alert is the first one's; what else the second has is its own."""
    office, other = Office(), "card_1_" + "0" * 32
    first = (await office.alerts().raise_alert(alert_of(1))).alert
    mine = [alert_of(number, card_id=other) for number in (1, 2, 3)]
    raised = await office.alerts().raise_alerts(mine)
    assert raised[0].alert == first
    cases = {case.card_id: [each.alert_id for each in case.alerts] for case in office.cases()}
    assert cases == {first.card_id: [first.alert_id], other: [each.alert_id for each in mine[1:]]}


async def test_another_card_or_account_is_another_case() -> None:
    """Nothing of one card is in the case of another."""
    office = Office()
    other = KEYS.alert_id("other", alert_of(1).transaction_id)  # type: ignore[arg-type]
    for alert in (
        alert_of(1),
        alert_of(2, card_id="card_1_" + "0" * 32),
        alert_of(1, account="other", alert_id=other),
    ):
        await office.alerts().raise_alert(alert)
    assert [len(case.alerts) for case in office.cases()] == [1, 1, 1]
    assert len({case.case_id for case in office.cases()}) == 3


SITUATIONS: dict[str, list[Claim | Close | Reopen]] = {
    "none": [],
    "open": [Claim()],
    "closed": [FRAUD],
    "reopened": [FRAUD, AGAIN],
}


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("meanwhile", [None, FRAUD, AGAIN], ids=["nobody", "closing", "reopening"])
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_whoever_dies_at_any_call_is_repeated(
    situation: str, meanwhile: Close | Reopen | None, *, carried_out: bool
) -> None:
    """Killed at each of its calls, and a reviewer acts before the successor comes: one alert, one open case."""
    for lost_at in range(1, 40):
        office, alerts = Office(), [alert_of(1), alert_of(2), alert_of(3)]
        if situation != "none":
            await office.alerts().raise_alert(alerts[0])
        for action in SITUATIONS[situation]:
            await office.act(action)
        dying = Steps(lost_at=lost_at, carried_out=carried_out)
        is_lost = False
        try:
            await office.alerts(dying).raise_alerts(alerts[1:])
        except LostError:
            is_lost = True
        if meanwhile is not None:
            await office.act(meanwhile)
        for alert in reversed(alerts) if situation == "none" else alerts:
            await office.alerts().raise_alert(alert)
        office.hold(alerts)
        if not is_lost:
            assert lost_at > 4
            return
    raise AssertionError("no end of calls")


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in range(0, 200, 50)], ids=str)
async def test_many_at_once_in_any_order(seeds: range) -> None:
    """Two scorers raise the same alerts, some die, and reviewers close and reopen; who is late changes nothing."""
    for seed in seeds:
        rng = random.Random(seed)
        office = Office(steps=Steps(rng))
        alerts = [alert_of(number, alerted_at=after(hours=rng.choice((0, 100)))) for number in range(1, 4)]

        async def scorer(rng: random.Random, alerts: list[Alert], office: Office) -> None:
            steps = Steps(rng, lost_at=rng.randrange(25), carried_out=rng.random() < 0.5)
            mine = rng.sample(alerts, len(alerts))
            with suppress(LostError):
                await office.alerts(steps).raise_alerts(mine[rng.randrange(2) :])
            for alert in mine:
                with suppress(LostError):
                    await office.alerts(steps).raise_alert(alert)

        async def reviewer(rng: random.Random, office: Office) -> None:
            for _ in range(6):
                await office.act(rng.choice((FRAUD, AGAIN, Claim())))
                await asyncio.sleep(0)

        await asyncio.gather(*(scorer(rng, alerts, office) for _ in range(2)), *(reviewer(rng, office) for _ in "ab"))
        for alert in alerts:
            await office.alerts(Steps()).raise_alert(alert)
        office.hold(alerts)
