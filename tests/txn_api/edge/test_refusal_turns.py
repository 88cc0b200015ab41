"""Refusals take turns, so that a flood of them lets everybody else go on."""

import asyncio
from functools import partial
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.txn_api.asgi import Call
from tests.txn_api.conftest import AppFixture
from txn_api.access.rate_limits import Allowance, Running
from txn_api.edge.edge import Edge
from txn_api.edge.refusal_turns import A_TURN_MAX, RefusalTurns
from txn_api.problems import ApiKeyMissing, ValidationFailed

FLOOD = 10 * A_TURN_MAX


async def _refused(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise ApiKeyMissing


async def _accepted(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def behind(edge: Edge, app: ASGIApp) -> Call:
    return Call(partial(edge.answer, app), "/x", headers={})


async def test_the_first_refusals_of_a_turn_wait_for_nothing() -> None:
    """In each turn; one more has to wait."""
    turns = RefusalTurns()
    for _ in range(3):
        for _ in range(A_TURN_MAX):
            turns.turn().close()  # not begun
            with pytest.raises(StopIteration):
                turns.turn().send(None)
        more = turns.turn()
        more.send(None)
        more.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_those_who_wait_go_in_their_order_so_many_a_turn() -> None:
    turns, gone, gone_by_turn = RefusalTurns(), list[int](), list[int]()

    async def go(number: int) -> None:
        await turns.turn()
        gone.append(number)

    going = [asyncio.create_task(go(number)) for number in range(4 * A_TURN_MAX + 1)]
    while len(gone) < len(going):
        before = len(gone)
        await asyncio.sleep(0)
        gone_by_turn.append(len(gone) - before)
    assert gone == list(range(len(going)))
    assert max(gone_by_turn) == A_TURN_MAX


async def test_one_that_is_cancelled_takes_no_place() -> None:
    turns = RefusalTurns()
    going = [asyncio.create_task(turns.turn()) for _ in range(3 * A_TURN_MAX)]
    await asyncio.sleep(0)
    for task in going[A_TURN_MAX : 2 * A_TURN_MAX]:
        task.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in going] == [True] * 3 * A_TURN_MAX


async def test_an_accepted_request_goes_past_a_flood_of_refused_ones() -> None:
    """It waits for no more of them than there are in a turn, and those that wait do not count as under way."""
    edge = Edge(requests_max=A_TURN_MAX + 1, registry=CollectorRegistry())
    flood = [behind(edge, _refused) for _ in range(FLOOD)]
    refusing = [asyncio.create_task(call.done()) for call in flood]
    await asyncio.sleep(0)
    accepted = behind(edge, _accepted)
    await accepted.done()
    assert accepted.status == 204
    assert sum(call.status is not None for call in flood) <= 3 * A_TURN_MAX
    await asyncio.gather(*refusing)
    assert {call.status for call in flood} == {401}


@pytest.mark.parametrize("leaves", [True, False])
async def test_requests_under_way_are_counted_right_behind_a_flood(leaves: bool) -> None:  # noqa: FBT001 - a case
    """Also when clients go while their refusals wait."""
    edge = Edge(requests_max=1, registry=CollectorRegistry())
    refusing = [asyncio.create_task(behind(edge, _refused).done()) for _ in range(FLOOD)]
    await asyncio.sleep(0)
    if leaves:
        for task in refusing:
            task.cancel()
    await asyncio.gather(*refusing, return_exceptions=True)
    assert edge._requests == 0


async def test_a_refusal_that_waits_is_none_of_its_keys_requests_under_way() -> None:
    """A key that is refused on more connections than it may have requests at once gets its next one in."""
    edge = Edge(requests_max=FLOOD, registry=CollectorRegistry())
    allowance = Allowance("writes", None, Running(A_TURN_MAX))

    async def entering(scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["allowance"] = allowance
        allowance.enter()
        raise ValidationFailed([])

    flood = [behind(edge, entering) for _ in range(FLOOD)]
    await asyncio.gather(*(call.done() for call in flood))
    assert {call.status for call in flood} == {422}
    assert dict(allowance.fields())[b"ratelimit"] == b'"concurrency";r=%d' % A_TURN_MAX


@pytest.mark.parametrize(
    "refused",
    [
        ("GET", "/nowhere", "transactions:read", 404),
        ("GET", "/transactions?card_id=x", None, 401),
        ("GET", "/transactions?limit=x", "transactions:read", 422),
        ("GET", "/transactions?card_id=x", "transactions:write", 403),
        ("POST", "/transactions/search", "transactions:read", 403),
        ("POST", "/transactions/bulk", "transactions:write", 415),
        ("POST", "/transactions", "transactions:write", 422),
    ],
)
async def test_every_refusal_takes_a_turn(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch, refused: tuple[str, str, Any, int]
) -> None:
    """Whichever layer finds the fault."""
    method, path, scope, status = refused
    turns = 0
    turn = RefusalTurns.turn

    async def counting(self: RefusalTurns) -> None:
        nonlocal turns
        turns += 1
        await turn(self)

    monkeypatch.setattr(RefusalTurns, "turn", counting)
    headers = {"Authorization": "Bearer no"} if scope is None else desk.key(scope)
    content = b"{}" if method == "POST" else None
    answer = await desk.client.request(
        method, path, content=content, headers={"Content-Type": "application/json"} | headers
    )
    assert (answer.status_code, turns) == (status, 1)
