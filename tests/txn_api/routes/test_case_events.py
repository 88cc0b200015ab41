"""Listeners of cases on the real table server: what its index shows is told."""

import pytest

from tests.txn_api.asgi import Call, until
from tests.txn_api.case_events.test_event_stream import events, leave
from tests.txn_api.routes.test_cases import Floor, floor  # noqa: F401 - a fixture
from txn_api.case_events import case_feeds
from txn_core.dynamodb.review import active_cases
from txn_core.dynamodb.review.active_cases import ActiveCases
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.tables import TableNames


async def test_the_active_cases_are_read_in_parts(
    floor: Floor,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest ones first, as many as are asked for, and none that is closed."""
    monkeypatch.setattr(active_cases, "_ROWS", 2)
    services = floor.api.services
    raised = [await floor.alert(number, card=number) for number in range(6)]
    closing = {"resolution": "fraud", "reason": "not hers"}
    await floor.post(f"/cases/{raised[1].case_id}/close", closing, If_Match="*")
    await floor.post(f"/cases/{raised[2].case_id}/claim", If_Match="*")
    client = services.store(CaseTable)._client
    table = ActiveCases(client, TableNames.of(services.settings).cases)
    found = await table.latest(floor.api.account, 1_000)
    assert [case.case_id for case in found] == [raised[at].case_id for at in (5, 4, 3, 2, 0)]
    assert [case.version for case in found] == [1, 1, 1, 2, 1]
    assert found[3].free_at > found[4].free_at
    assert await table.latest(floor.api.account, 3) == found[:3]


async def test_a_claim_is_told(
    floor: Floor,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the case as lists show it."""
    monkeypatch.setattr(case_feeds, "LOOK_EVERY_S", 0.01)
    alert = await floor.alert(1)
    headers = {"Authorization": floor.api.client.headers["authorization"]}
    call = Call(floor.api.app, "/cases/events", headers=headers, method="GET")
    call.end()
    await until(lambda: events(call))
    claimed = (await floor.post(f"/cases/{alert.case_id}/claim", If_Match="*")).json()
    await until(lambda: len(events(call)) == 2)
    shown = events(call)[1][2]
    assert shown == {name: value for name, value in claimed.items() if name not in {"alerts", "audit"}}
    await leave(call)
