"""Alerts, cases and labels through the API, on the real table server: who may what, in which order, and how often."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from fraud.records.alert import Alert
from fraud.review.alert_desk import AlertDesk
from tests.builders import issued_card_number
from tests.fraud.builders import after, alert_of
from tests.txn_api.conftest import Api, AppFixture
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.tables import TableNames
from txn_core.transactions.instants import Instant, now

FRAUD: Final = {"resolution": "fraud", "reason": "the holder was at home"}


@dataclass
class Floor:
    """An account whose alerts a test raises, and its reviewers."""

    api: Api
    desk: AlertDesk

    async def alert(self, number: int, *, card: int = 0, **changes: Any) -> Alert:
        """Raise an alert, of a card by its number."""
        keys, account = self.api.services.keys, self.api.account
        made = alert_of(number, account=account, card_id=f"card_1_{card:032x}", **{"alerted_at": now()} | changes)
        alert_id = keys.alert_id(account, made.transaction_id)
        raised = await self.desk.raise_alert(alert_of(number, **_fields(made) | {"alert_id": alert_id}))
        return raised.alert

    async def reviewer(self) -> dict[str, str]:
        """The header of another reviewer's key."""
        return await self.api.key("cases:write", "alerts:read")

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """An action; `headers` with their hyphens as underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.api.client.post(path, json=body, headers=named)


def _fields(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in Alert.__dataclass_fields__}


@pytest.fixture
async def floor(api: Api) -> Floor:
    """An account with a desk of its own."""
    names = TableNames.of(api.services.settings)
    client = api.services.store(AlertTable)._client
    desk = AlertDesk(AlertTable(client, names.alerts), CaseTable(client, names.cases), api.services.keys)
    return Floor(api, desk)


async def test_a_case_from_its_alerts_to_its_labels(floor: Floor) -> None:
    """Two alerts of a card are claimed together, noted, decided, taken up again and decided otherwise."""
    client = floor.api.client
    alerts = [await floor.alert(number) for number in (1, 2)]
    assert (await client.get(f"/alerts/{alerts[0].alert_id}")).json()["case_id"] == alerts[0].case_id

    claimed = await floor.post("/cases/next")
    case, path = claimed.json(), f"/cases/{alerts[0].case_id}"
    assert (claimed.status_code, claimed.headers["etag"]) == (200, '"v3"')
    assert (case["status"], case["alert_count"], case["case_id"]) == ("claimed", 2, alerts[0].case_id)
    assert (await floor.post("/cases/next")).status_code == 204

    other = await floor.reviewer()
    held = await client.post(f"{path}/close", json=FRAUD, headers=other | {"If-Match": "*"})
    assert (held.status_code, held.json()["code"]) == (409, "case_claimed")
    noted = await floor.post(f"{path}/note", {"text": "no answer"}, If_Match='"v3"')
    stale = await floor.post(f"{path}/close", FRAUD, If_Match='"v3"')
    assert (stale.status_code, stale.json()["code"]) == (409, "case_changed")
    closed = await floor.post(f"{path}/close", FRAUD, If_Match=noted.headers["etag"])
    assert (closed.json()["status"], closed.json()["resolution"]) == ("closed", "fraud")
    refused = await floor.post(f"{path}/claim", If_Match="*")
    assert (refused.status_code, refused.json()["code"]) == (409, "case_state_conflict")
    await floor.post(f"{path}/reopen", {"reason": "she called"}, If_Match=closed.headers["etag"])
    await floor.post(f"{path}/close", {"resolution": "legitimate", "reason": "her son"}, If_Match="*")

    seen = (await client.get(path)).json()
    assert [entry["action"] for entry in seen["audit"]] == [
        *("opened", "alert_joined", "claimed", "noted", "closed", "reopened", "closed")
    ]
    assert [entry["number"] for entry in seen["audit"]] == list(range(1, 8))
    assert {entry["by"] for entry in seen["audit"][2:]} == {seen["closed_by"]}
    for alert in alerts:
        labels = (await client.get(f"/labels/{alert.transaction_id}")).json()
        assert [(label["value"], label["source"]) for label in labels["history"]] == [
            ("fraud", "analyst"),
            ("legitimate", "analyst"),
        ]


async def test_snoozed_and_released_cases_come_back(floor: Floor) -> None:
    """A case that is put off is not the next one; one that is given back is."""
    first, second = await floor.alert(1, score=990), await floor.alert(2, card=1, score=500)
    await floor.post(f"/cases/{first.case_id}/snooze", {"minutes": 60}, If_Match="*")
    claimed = await floor.post("/cases/next")
    assert claimed.json()["case_id"] == second.case_id
    freed = await floor.post(f"/cases/{second.case_id}/release", If_Match=claimed.headers["etag"])
    assert (freed.json()["status"], freed.json()["assignee"]) == ("open", None)
    assert (await floor.post("/cases/next")).json()["case_id"] == second.case_id
    woken = await floor.post(f"/cases/{first.case_id}/claim", If_Match="*")
    assert (woken.json()["status"], woken.json()["snoozed_until"]) == ("claimed", None)


async def test_many_reviewers_at_once_have_one_winner_for_each_case(floor: Floor) -> None:
    """The others are told at once that nothing is left; of one version of a case, too, one claim is the first."""
    alerts = [await floor.alert(number, card=number) for number in range(6)]
    told = await asyncio.gather(*(floor.post("/cases/next") for _ in range(10)))
    won = [answer.json()["case_id"] for answer in told if answer.status_code == 200]
    assert sorted(won) == sorted(str(alert.case_id) for alert in alerts)
    assert [answer.status_code for answer in told].count(204) == 4
    path = f"/cases/{alerts[0].case_id}"
    closing = await asyncio.gather(*(floor.post(f"{path}/close", FRAUD, If_Match='"v2"') for _ in range(6)))
    assert sorted(answer.status_code for answer in closing) == [200, *[409] * 5]
    labels = (await floor.api.client.get(f"/labels/{alerts[0].transaction_id}")).json()
    assert len(labels["history"]) == 1


async def test_a_key_makes_a_retry_the_first_answer(floor: Floor) -> None:
    """Of a claim, an action, and a label; with another If-Match it is another request."""
    alert = await floor.alert(1)
    first, again = [await floor.post("/cases/next", Idempotency_Key="k1") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert again.headers["etag"] == first.headers["etag"]
    path, note = f"/cases/{alert.case_id}/note", {"text": "seen"}
    first, again = [await floor.post(path, note, If_Match='"v2"', Idempotency_Key="k1") for _ in range(2)]
    assert again.content == first.content
    reused = await floor.post(path, note, If_Match='"v3"', Idempotency_Key="k1")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    label = {"transaction_id": alert.transaction_id, "value": "fraud", "source": "chargeback"}
    first, again = [await floor.post("/labels", label, Idempotency_Key="k1") for _ in range(2)]
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (await floor.post("/cases/next", Idempotency_Key="none")).status_code == 204
    assert (await floor.post("/cases/next", Idempotency_Key="none")).status_code == 204


async def test_lists_are_paged_and_filtered(floor: Floor) -> None:
    """By status, severity, case and time; a cursor is good for its own query."""
    client = floor.api.client
    alerts = [
        await floor.alert(number, card=number // 2, score=(990, 810)[number % 2], alerted_at=after(hours=number))
        for number in range(6)
    ]
    await floor.post(f"/cases/{alerts[0].case_id}/close", FRAUD, If_Match="*")

    async def walk(path: str, **asked: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get(path, params={"limit": "2", **asked, **cursor})).json()
            found += [row.get("alert_id") or row["case_id"] for row in page["data"]]
            if not page["has_more"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    ids = [str(alert.alert_id) for alert in alerts]
    assert await walk("/alerts") == ids[::-1]
    assert await walk("/alerts", order="asc", severity="critical") == ids[::2]
    assert await walk("/alerts", status="closed") == [ids[1], ids[0]]
    assert await walk("/alerts", status="open", severity="high") == [ids[5], ids[3]]
    assert await walk("/alerts", case_id=str(alerts[2].case_id)) == [ids[3], ids[2]]
    times = {"from": after(hours=1), "to": after(hours=3)}
    assert await walk("/alerts", **times) == [ids[2], ids[1]]
    cases = [str(alerts[number].case_id) for number in (4, 2, 0)]
    assert await walk("/cases") == cases
    assert await walk("/cases", status="closed") == cases[2:]
    assert await walk("/cases", status="open") == cases[:2]
    assert await walk("/cases", status="claimed") == []
    assert (await client.get("/cases", params={"from": now()})).json()["data"] == []
    first = (await client.get("/alerts", params={"limit": "1"})).json()["next_cursor"]
    foreign = await client.get("/alerts", params={"limit": "1", "severity": "high", "cursor": first})
    assert foreign.json()["code"] == "cursor_invalid"
    backwards = await client.get("/alerts", params={"from": times["to"], "to": times["from"]})
    assert backwards.json()["code"] == "range_reversed"


async def test_a_case_is_assigned_and_found_by_its_reviewer(floor: Floor) -> None:
    """By a name that the audit knows; a retry does it once, and `me` is whoever asks."""
    client = floor.api.client
    first, second = await floor.alert(1, score=990), await floor.alert(2, card=1, score=500)
    path, other = f"/cases/{second.case_id}", await floor.reviewer()
    own = (await floor.post(f"{path}/note", {"text": "seen"}, If_Match="*")).json()["audit"][-1]["by"]
    assigned, again = [
        await floor.post(f"{path}/assign", {"assignee": own}, If_Match='"v2"', Idempotency_Key="k1") for _ in range(2)
    ]
    assert (again.content, again.headers["idempotent-replayed"]) == (assigned.content, "true")
    assert (assigned.json()["assigned_to"], assigned.json()["status"], assigned.json()["version"]) == (own, "open", 3)

    async def listed(headers: dict[str, str] | None = None, **asked: str) -> list[str]:
        page = (await client.get("/cases", params=asked, headers=headers)).json()
        return [row["case_id"] for row in page["data"]]

    assert await listed(assignee="me") == await listed(assignee=own, status="open") == [second.case_id]
    assert await listed(other, assignee="me") == await listed(assignee="me", status="claimed") == []
    taken = await client.post("/cases/next", headers=other)
    assert taken.json()["case_id"] == first.case_id
    assert (await client.post("/cases/next", headers=other)).status_code == 204
    assert (await floor.post("/cases/next")).json()["case_id"] == second.case_id
    held = await floor.post(f"/cases/{first.case_id}/assign", {"assignee": own}, If_Match="*")
    assert held.json()["code"] == "case_claimed"
    freed = await floor.post(f"{path}/assign", {"assignee": None}, If_Match="*")
    assert (freed.json()["assigned_to"], freed.json()["status"]) == (None, "claimed")
    nobody = await floor.post(f"{path}/assign", {"assignee": None}, If_Match="*")
    assert nobody.json()["code"] == "case_state_conflict"


async def test_two_reviewers_and_an_assignment_at_once(floor: Floor) -> None:
    """On the real table: each case has one holder, and an assigned one none but its reviewer."""
    other, client = await floor.reviewer(), floor.api.client
    third = f"key_{'0' * 16}"
    for number in range(4):
        alert = await floor.alert(number, card=number)
        path = f"/cases/{alert.case_id}"
        assigned, *taken = await asyncio.gather(
            floor.post(f"{path}/assign", {"assignee": third}, If_Match='"v1"'),
            floor.post("/cases/next"),
            client.post("/cases/next", headers=other),
        )
        case = (await client.get(path)).json()
        held = [answer.json() for answer in taken if answer.status_code == 200]
        if assigned.status_code == 200:
            assert (held, case["assigned_to"], case["status"]) == ([], third, "open")
        else:
            assert [each["assignee"] for each in held] == [case["assignee"]]
            assert case["assigned_to"] is None


async def test_accounts_keep_apart(floor: Floor) -> None:
    """Nobody reads, claims or labels in another account, but who was granted it reads."""
    alert = await floor.alert(1)
    stranger = await floor.api.key("alerts:read", "cases:write", "labels:write", account="stranger")
    client = floor.api.client
    for path in (f"/alerts/{alert.alert_id}", f"/cases/{alert.case_id}", f"/labels/{alert.transaction_id}"):
        assert (await client.get(path, headers=stranger)).status_code == 404
        forbidden = await client.get(path, params={"account": floor.api.account}, headers=stranger)
        assert (forbidden.status_code, forbidden.json()["code"]) == (403, "account_forbidden")
    for path in ("/alerts", "/cases"):
        assert (await client.get(path, headers=stranger)).json()["data"] == []
    assert (await client.post("/cases/next", headers=stranger)).status_code == 204
    claim = await client.post(f"/cases/{alert.case_id}/claim", headers=stranger | {"If-Match": "*"})
    assert claim.json()["code"] == "case_not_found"
    granted = await floor.api.key("alerts:read", account="stranger", granted=(floor.api.account,))
    seen = await client.get("/alerts", params={"account": floor.api.account}, headers=granted)
    assert [row["alert_id"] for row in seen.json()["data"]] == [alert.alert_id]


async def test_no_card_number_is_written_down(desk: AppFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """A note, a reason and a label's reason with one are refused before anything is stored or logged."""
    number = issued_card_number()
    spaced = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    case = f"/cases/cas_{'0' * 32}"
    for path, body, pointer in (
        (f"{case}/note", {"text": f"it is {spaced}"}, "/text"),
        (f"{case}/close", {"resolution": "fraud", "reason": number}, "/reason"),
        (f"{case}/reopen", {"reason": f"card{number}"}, "/reason"),
        ("/labels", {"transaction_id": "0" * 16, "value": "fraud", "reason": number}, "/reason"),
    ):
        answer = await desk.client.post(path, json=body, headers={"If-Match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced"), path
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert number not in answer.text
    queried = await desk.client.post(f"/cases/next?reviewer={number}")
    assert queried.json()["code"] == "card_number_misplaced"
    assert number not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "body", "headers", "told"),
    [
        ("note", {"text": "x"}, {}, (428, "if_match_required")),
        ("claim", None, {}, (428, "if_match_required")),
        ("note", {"text": " "}, {"If-Match": "*"}, (422, "validation_failed")),
        ("note", {"text": "\u00e9" * 501}, {"If-Match": "*"}, (422, "validation_failed")),
        ("note", {"text": "\U0001f600" * 300}, {"If-Match": "*"}, (422, "validation_failed")),
        ("note", {"text": "a\nb"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("note", {"text": "x", "colour": 1}, {"If-Match": "*"}, (422, "validation_failed")),
        ("note", ["x"], {"If-Match": "*"}, (422, "validation_failed")),
        ("close", {"resolution": "guilty", "reason": "x"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("close", {"resolution": "fraud"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("snooze", {"minutes": 0}, {"If-Match": "*"}, (422, "validation_failed")),
        ("snooze", {"minutes": 43_201}, {"If-Match": "*"}, (422, "validation_failed")),
        ("snooze", {"minutes": "60"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("assign", {"assignee": "anna"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("assign", {"assignee": "key_0"}, {"If-Match": "*"}, (422, "validation_failed")),
        ("assign", {}, {"If-Match": "*"}, (422, "validation_failed")),
        ("assign", {"assignee": f"key_{issued_card_number()}"}, {"If-Match": "*"}, (422, "card_number_misplaced")),
        ("claim", None, {"If-Match": "*"}, (503, "outcome_unknown")),
        ("claim", None, {"If-Match": "*", "Idempotency-Key": "a b"}, (400, "idempotency_key_malformed")),
    ],
)
async def test_what_is_wrong_is_told(
    desk: AppFixture, action: str, body: Any, headers: dict[str, str], told: tuple[int, str]
) -> None:
    """Before the table is asked, which cannot be reached here."""
    answer = await desk.client.post(f"/cases/cas_{'0' * 32}/{action}", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == told


async def test_ids_of_another_form_are_nowhere(desk: AppFixture) -> None:
    """Nothing is asked for them."""
    for path, code in (
        ("/alerts/x", "alert_not_found"),
        ("/cases/x", "case_not_found"),
        ("/labels/x", "label_not_found"),
    ):
        assert (await desk.client.get(path)).json()["code"] == code
    assert (await desk.client.get("/cases/next")).json()["code"] == "method_not_allowed"


async def test_a_claim_of_an_expired_case_shows_it_open(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 15 minutes another reviewer has it, and until then lists show it as open."""
    alert = await floor.alert(1)
    await floor.post("/cases/next")
    later = after(now(), minutes=16)
    at: list[Instant] = [later]
    monkeypatch.setattr("txn_api.routes.cases.now", lambda: at[0])
    seen = (await floor.api.client.get(f"/cases/{alert.case_id}")).json()
    assert (seen["status"], seen["assignee"], seen["version"]) == ("open", None, 2)
    assert len((await floor.api.client.get("/cases", params={"status": "open"})).json()["data"]) == 1
