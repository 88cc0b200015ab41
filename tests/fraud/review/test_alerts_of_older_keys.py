"""Under a new card key a card's alerts join the case that it has under an older id, once, whoever dies."""

from contextlib import suppress

import pytest

from fraud.records.alert import Alert
from fraud.records.case_actions import Close, Reopen
from tests.builders import ACCOUNT
from tests.fraud.builders import CARD, KEYS, after, alert_of
from tests.fraud.review.memory_tables import LostError, Steps
from tests.fraud.review.test_alert_desk import AGAIN, FRAUD, Office
from txn_core.transactions.identity import CardId

NEW, OTHER = CardId("card_2_" + "d" * 32), CardId("card_1_" + "0" * 32)


def newer(number: int, **changes: object) -> Alert:
    """An alert of the card under its new id."""
    return alert_of(number, card_id=NEW, **changes)


async def test_an_alert_joins_the_open_case_of_the_older_id() -> None:
    office = Office()
    first = (await office.alerts().raise_alert(alert_of(1))).alert
    for number in (2, 3):
        raised = (await office.alerts().raise_alert(newer(number), (OTHER, CARD))).alert
        assert (raised.case_id, raised.card_id) == (first.case_id, NEW)
    (case,) = office.cases()
    assert (len(case.alerts), case.card_id) == (3, CARD)


@pytest.mark.parametrize(("hours", "closed"), [(1, True), (73, False)])
async def test_a_case_that_takes_none_is_left_and_the_card_gets_one_of_its_own(hours: int, *, closed: bool) -> None:
    office = Office()
    await office.alerts().raise_alert(alert_of(1))
    if closed:
        await office.act(FRAUD)
    before = office.cases()
    raised = (await office.alerts().raise_alert(newer(2, alerted_at=after(hours=hours)), (CARD,))).alert
    assert raised.case_id == KEYS.case_id(ACCOUNT, NEW, 1)
    assert [case for case in office.cases() if case.card_id == CARD] == before
    assert (await office.alerts().raise_alert(newer(3), (CARD,))).alert.case_id == raised.case_id


async def test_one_transaction_under_both_ids_is_in_one_case() -> None:
    """Whatever became of its case meanwhile, though the older id knows nothing of the newer one."""
    for is_closed in (False, True):
        office = Office()
        first = (await office.alerts().raise_alert(newer(1), (CARD,))).alert
        if is_closed:
            await office.act(FRAUD)
        assert (await office.alerts().raise_alert(alert_of(1))).alert == first
        office.hold([first])


async def test_a_case_of_the_newer_id_is_not_found_by_the_older_one() -> None:
    """So another transaction, which was taken in under the older key still, begins a case of its own."""
    office = Office()
    await office.alerts().raise_alert(newer(1), (CARD,))
    raised = (await office.alerts().raise_alert(alert_of(2))).alert
    assert raised.case_id == KEYS.case_id(ACCOUNT, CARD, 1)
    assert len(office.cases()) == 2


async def test_an_id_of_another_account_lends_no_case() -> None:
    office = Office()
    await office.alerts().raise_alert(alert_of(1))
    other = newer(2, account="other", alert_id=KEYS.alert_id("other", newer(2).transaction_id))  # type: ignore[arg-type]
    assert (await office.alerts().raise_alert(other, (CARD,))).alert.case_id == KEYS.case_id(other.account, NEW, 1)


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("meanwhile", [(), (FRAUD,), (FRAUD, AGAIN)], ids=["nobody", "closing", "reopening"])
async def test_whoever_dies_at_any_call_is_repeated(
    meanwhile: tuple[Close | Reopen, ...], *, carried_out: bool
) -> None:
    """And a reviewer closes the older case meanwhile: the alert is counted once, in the case that it names."""
    for lost_at in range(1, 30):
        office = Office()
        await office.alerts().raise_alert(alert_of(1))
        dying = Steps(lost_at=lost_at, carried_out=carried_out)
        is_lost = True
        with suppress(LostError):
            await office.alerts(dying).raise_alert(newer(2), (CARD,))
            is_lost = False
        for action in meanwhile:
            await office.act(action)
        raised = (await office.alerts().raise_alert(newer(2), (CARD,))).alert
        counting = [case.case_id for case in office.cases() if case.has(raised.alert_id)]
        assert counting == [raised.case_id]
        assert office.stored.alerts[ACCOUNT, raised.alert_id].case_id == raised.case_id
        await office.act(AGAIN)
        assert (await office.alerts().raise_alert(newer(2), (CARD,))).alert == raised
        if not is_lost:
            assert lost_at > 4
            return
    raise AssertionError("no end of calls")
