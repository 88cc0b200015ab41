"""`GET /alerts/quality` on real servers: what was raised, decided and labelled; bounded, shared and kept."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from fraud.quality.quality_desk import PAGE_ALERTS, QualityDesk, ReviewTables
from tests.fraud.builders import after
from tests.txn_api.conftest import Api, AppFixture
from tests.txn_api.counted_scores import SCORED, scored
from tests.txn_api.raised_alerts import raised
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now


def tables_of(api: Api) -> ReviewTables:
    return api.services.store(QualityDesk)._tables


async def no_turn(_: str) -> None:
    """Somebody else's turn is never over sooner."""


async def close(api: Api, case_id: str | None, resolution: str) -> None:
    body = {"resolution": resolution, "reason": "The holder was asked."}
    answer = await api.client.post(f"/cases/{case_id}/close", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200


async def report(api: Api, **parameters: Any) -> dict[str, Any]:
    answer = await api.client.get("/alerts/quality", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found


async def test_a_report_says_what_became_of_alerts(api: Api) -> None:
    """Decided, decided again, inconclusive, open; a label that comes later; too old ones are not counted."""
    await scored(api)
    first, second, third, fourth = [
        await raised(api, number, score=700 + number, rule_hits=("spree",) if number < 3 else ())
        for number in range(4)
    ]
    await raised(api, 9, alerted_at=after(now(), days=-40))
    await close(api, first.case_id, "fraud")
    await close(api, second.case_id, "legitimate")
    reopened = await api.client.post(
        f"/cases/{second.case_id}/reopen", json={"reason": "The holder has called."}, headers={"If-Match": "*"}
    )
    assert reopened.status_code == 200
    await close(api, second.case_id, "fraud")
    await close(api, third.case_id, "inconclusive")
    late = {"transaction_id": first.transaction_id, "value": "legitimate", "source": "chargeback"}
    assert (await api.client.post("/labels", json=late)).is_success
    found = await report(api)
    total = found["total"]
    assert [total[name] for name in ("alerts", "fraud", "legitimate", "inconclusive", "open")] == [4, 1, 1, 1, 1]
    assert (total["precision"]["count"], total["precision"]["of"]) == (1, 2)
    assert total["decided_by_analysts"] == 2
    assert 0 <= total["median_decision_s"] < 600
    rule, trial = found["rules"]
    assert (rule["about"], rule["state"], rule["hits"], found["scored"]) == ("Three in one night", "live", 20, SCORED)
    assert (trial["state"], trial["hits"], trial["shadow_hits"], trial["alerts"]) == ("shadow", 0, 5, 0)
    assert (rule["alerts"], rule["rules_alone"]) == (3, 0)
    assert [(each["model"], each["alert_from"], each["alerts"]) for each in found["models"]] == [("mdl_1", 600, 4)]
    (active,) = [point for point in found["thresholds"] if point["is_active"]]
    assert (active["score"], active["alerts"], active["recall"]["of"]) == (600, 4, 1)
    assert found["is_complete"]
    assert fourth.score == 703


async def test_a_report_is_kept_for_a_minute_by_account_and_days(api: Api) -> None:
    await raised(api, 1)
    assert (await report(api))["total"]["alerts"] == 1
    await raised(api, 2)
    assert (await report(api))["total"]["alerts"] == 1
    assert (await report(api, days=7))["total"]["alerts"] == 2
    clock = [0.0]
    desk = QualityDesk(tables_of(api), monotonic=lambda: clock[0])
    before = await desk.report(api.account, 30, no_turn)
    await raised(api, 3)
    clock[0] = 59.0
    assert await desk.report(api.account, 30, no_turn) == before
    clock[0] = 60.0
    assert await desk.report(api.account, 30, no_turn) != before


async def test_only_the_latest_alerts_are_read_and_that_is_said(api: Api) -> None:
    began = after(now(), hours=-1)
    for number in range(4):
        await raised(api, number, alerted_at=after(began, minutes=number), amount_minor=10**number)
    desk = QualityDesk(tables_of(api), alerts_max=2)
    text = (await desk.report(api.account, 30, no_turn)).decode()
    assert '"is_complete":false' in text
    assert f'"from":"{after(began, minutes=2)}"' in text
    assert '"amount_minor":1100,' in text
    assert '"alerts_max":2' in text


async def test_readers_at_one_time_share_one_reading_and_each_piece_waits_for_its_turn(api: Api) -> None:
    await asyncio.gather(*(raised(api, number) for number in range(8)))
    turns: list[str] = []
    at_once = [0, 0]

    async def turn(account: str) -> None:
        turns.append(account)
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0)
        at_once[0] -= 1

    desk = QualityDesk(tables_of(api))
    same = await asyncio.gather(*(desk.report(api.account, 30, turn) for _ in range(5)))
    assert len(set(same)) == 1
    assert turns == [api.account] * 2
    assert PAGE_ALERTS >= 8
    await asyncio.gather(*(desk.report(api.account, days, turn) for days in (1, 2, 3)))
    assert at_once[1] == 1


async def test_who_leaves_does_not_end_the_reading_of_the_others(api: Api) -> None:
    await raised(api, 1)
    go_on = asyncio.Event()

    async def turn(_: str) -> None:
        await go_on.wait()

    desk = QualityDesk(tables_of(api))
    first, second = [asyncio.create_task(desk.report(api.account, 30, turn)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert b'"alerts":1' in await second


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("days=0", 422, "parameter_invalid"),
        ("days=91", 422, "parameter_invalid"),
        ("days=x", 422, "parameter_invalid"),
        ("days=1&days=2", 422, "parameter_invalid"),
        ("days=1&what=2", 422, "parameter_invalid"),
        ("account=other", 403, "account_forbidden"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(desk: AppFixture, query: str, status: int, code: str) -> None:
    answer = await desk.client.get(f"/alerts/quality?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_it_needs_the_right_to_read_alerts(desk: AppFixture) -> None:
    answer = await desk.client.get("/alerts/quality", headers=desk.key("transactions:read"))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert (await desk.client.post("/alerts/quality")).status_code == 405


async def test_a_store_that_does_not_answer_is_said_and_tried_again(desk: AppFixture) -> None:
    answer = await desk.client.get("/alerts/quality")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")

    class Halves:
        async def report(self, *_: Any) -> bytes:
            raise StoreError("some")

    services = desk.services
    desk.app.state.services = replace(services, stores={**services.stores, QualityDesk: Halves()})
    answer = await desk.client.get("/alerts/quality")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


async def test_another_account_needs_a_grant(api: Api) -> None:
    await raised(api, 1)
    other = await api.key("alerts:read", account="t-quality-reader", granted=(api.account,))
    answer = await api.client.get("/alerts/quality", params={"account": api.account}, headers=other)
    assert answer.json()["total"]["alerts"] == 1
    own = await api.client.get("/alerts/quality", headers=other)
    assert own.json()["total"]["alerts"] == 0
    assert api.account != Account("t-quality-reader")
