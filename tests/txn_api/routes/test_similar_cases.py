"""Similar cases on the real table server: which ones, what they share, and what was looked at."""

from typing import Any

import pytest

from fraud.review import recent_cases
from tests.fraud.builders import after
from tests.txn_api.conftest import AppFixture
from tests.txn_api.routes.test_cases import FRAUD, Floor, floor  # noqa: F401 - a fixture
from txn_core.transactions.instants import now


async def test_the_most_alike_come_first_with_their_decisions(
    floor: Floor,  # noqa: F811 - the fixture
) -> None:
    """Nothing of other accounts, of what is too old, or of alike amounts alone."""
    client = floor.api.client
    shared: dict[str, Any] = {"merchant_id": f"mer_{'a' * 32}", "rule_hits": ("night_online",)}
    own = await floor.alert(1, **shared)
    same = await floor.alert(2, card=1, **shared)
    other = await floor.alert(3, card=2, merchant_id=shared["merchant_id"], reasons=())
    await floor.alert(4, card=3, reasons=())
    await floor.alert(5, card=4, alerted_at=after(now(), days=-91), **shared)
    await floor.post(f"/cases/{same.case_id}/close", FRAUD, If_Match="*")
    answer = await client.get(f"/cases/{own.case_id}/similar")
    found = answer.json()
    assert answer.status_code == 200
    assert [each["case"]["case_id"] for each in found["data"]] == [same.case_id, other.case_id]
    assert (found["cases_looked_at"], found["is_all"]) == (4, True)
    first, second = found["data"]
    assert (first["similarity"], first["case"]["resolution"], first["case"]["reason"]) == (1.0, *FRAUD.values())
    assert [each["text"] for each in first["shared"]][:2] == ["the same merchant", "the rule night_online"]
    assert second["similarity"] == round(5 / 10, 3)
    assert [each["kind"] for each in second["shared"]] == ["merchant", "amount"]
    stranger = await floor.api.key("alerts:read", account="stranger")
    missing = await client.get(f"/cases/{own.case_id}/similar", headers=stranger)
    assert missing.json()["code"] == "case_not_found"


async def test_what_is_looked_at_is_bounded(
    floor: Floor,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest alerts, in parts; and for a minute they are not read again."""
    monkeypatch.setattr(recent_cases, "ALERTS_MAX", 3)
    monkeypatch.setattr(recent_cases, "_ROWS", 2)
    alerts = [await floor.alert(number, card=number) for number in range(5)]
    found = (await floor.api.client.get(f"/cases/{alerts[0].case_id}/similar")).json()
    assert (found["cases_looked_at"], found["is_all"]) == (3, False)
    assert [each["case"]["case_id"] for each in found["data"]] == [alerts[at].case_id for at in (4, 3, 2)]
    await floor.alert(9, card=9)
    again = (await floor.api.client.get(f"/cases/{alerts[0].case_id}/similar")).json()
    assert again == found


async def test_no_store_is_said(desk: AppFixture) -> None:
    """And an id of another form is nowhere."""
    answer = await desk.client.get(f"/cases/cas_{'0' * 32}/similar")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert (await desk.client.get("/cases/x/similar")).json()["code"] == "case_not_found"
