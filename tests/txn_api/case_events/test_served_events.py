"""Listeners over real sockets, at uvicorn's own connections and at ours."""

import asyncio

import pytest

from tests.fraud.review.test_alert_desk import Office
from tests.txn_api.case_events.test_case_feed import raised
from tests.txn_api.case_events.test_event_stream import watching
from tests.txn_api.test_serving import ANSWER_S_MAX, Connection, Served, served, sound  # noqa: F401 - a fixture
from txn_api.case_events import case_feeds, event_stream


async def begun(client: Connection) -> str:
    """Ask for events, and read as far as the first one."""
    client.writer.write(
        f"GET /cases/events HTTP/1.1\r\nHost: txn.test\r\nAuthorization: {client.key}\r\n\r\n".encode()
    )
    return await read_to(client, "data: ")


async def read_to(client: Connection, wanted: str) -> str:
    """What comes until something is there."""
    read = ""
    async with asyncio.timeout(ANSWER_S_MAX):
        while wanted not in read:
            read += (await client.reader.readuntil(b"\n")).decode()
    return read


async def test_events_come_while_the_answer_goes_on(
    served: Served,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Posts are answered beside it, and a stop waits for no listener."""
    monkeypatch.setattr(case_feeds, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    office = Office()
    feeds = watching(served.desk, office)
    async with served.connection() as listener, served.connection() as terminal, served.connection() as other:
        head = (await begun(listener)).lower()
        assert "content-type: text/event-stream" in head
        assert "content-length" not in head
        await begun(other)
        other.writer.transport.abort()
        case_id = await raised(office, 1)
        assert f'"case_id":"{case_id}"' in await read_to(listener, "data: ")
        terminal.post("/transactions", sound())
        assert (await terminal.answer())[0] == 202
        async with asyncio.timeout(ANSWER_S_MAX):
            while feeds._listeners.total() > 1:  # noqa: ASYNC110 - a heartbeat finds out who has hung up
                await asyncio.sleep(0.001)
        served.desk.services.stop()
        await served.stop()
        assert (await listener.reader.read()).endswith(b"0\r\n\r\n")
