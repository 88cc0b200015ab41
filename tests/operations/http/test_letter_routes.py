"""Dead letters over HTTP, in a real bucket: listed, looked at, sent again once, whoever asks and however often."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from operations.report_desk import ReportDesk
from tests.builders import body, json_bytes
from tests.operations.dead_letters.box import Boxes
from tests.txn_api.conftest import Api
from txn_core.exceptions import EventError
from txn_core.settings import Settings
from txn_core.transactions.identity import Account
from workers.events.dead_letters import Seal

LETTERS = "/operations/dead-letters"


@pytest.fixture
async def kept(api: Api, boxes: Boxes) -> Boxes:
    """The boxes of the bucket that the API reads: the test's own."""
    desk = api.services.store(ReportDesk).letters
    desk.bucket._store, desk._seal = boxes.store, Seal.of(boxes.settings)
    return boxes


def event_of(api: Api, transaction_id: str) -> bytes:
    """The bytes of an event, as they were refused by an older version, say."""
    admitted = api.services.admission.admit(
        json_bytes(body(transaction_id=transaction_id)), account=Account(api.account), request_text=""
    )
    return bytes(admitted.data)


async def listed(api: Api, query: str = "") -> dict[str, Any]:
    """A page of letters."""
    answer = await api.client.get(f"{LETTERS}{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_letters_come_page_by_page_and_each_once(api: Api, kept: Boxes) -> None:
    """The copies of both drains are one letter, and a cursor goes on behind it; their bytes are nowhere."""
    for number in range(5):
        await kept.undecodable(number, b"poison 4111111111111111")
    await kept.unwritable(9, b"other")
    pages = [await listed(api, "?limit=2")]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(await listed(api, f"?limit=2&cursor={cursor}"))
    found = [letter for page in pages for letter in page["data"]]
    assert [len(page["data"]) for page in pages] == [2, 2, 2]
    assert len({letter["id"] for letter in found}) == 6
    assert [letter["sequence_number"] for letter in found] == ["0", "1", "2", "3", "4", "9"]
    assert found[0]["drains"] == ["index", "archive"]
    assert "poison" not in str(pages)
    only = await listed(api, "?reason=unwritable")
    assert [letter["reason"] for letter in only["data"]] == ["unwritable"]


async def test_a_cursor_is_of_its_own_list(api: Api, kept: Boxes) -> None:
    for number in range(2):
        await kept.undecodable(number)
    cursor = (await listed(api, "?limit=1"))["next_cursor"]
    answer = await api.client.get(f"{LETTERS}?limit=1&reason=undecodable&cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_one_is_looked_at(api: Api, kept: Boxes) -> None:
    await kept.undecodable(7, b"poison")
    (letter,) = (await listed(api))["data"]
    one = await api.client.get(f"{LETTERS}/{letter['id']}")
    assert one.json() == letter
    assert letter["codes"] == ["json_invalid at /"]
    assert letter["data_bytes"] == 6


@pytest.mark.parametrize(
    "letter_id",
    ["x", "undecodable.2026-01-02.shard-1-0", "no.2026-01-02.shard-1-0", "undecodable.2026-01-02...%2F..", "replay"],
)
async def test_of_an_id_that_is_none_there_is_none(api: Api, kept: Boxes, letter_id: str) -> None:
    for answer in (
        await api.client.get(f"{LETTERS}/{letter_id}"),
        await api.client.post(f"{LETTERS}/{letter_id}/replay"),
    ):
        assert (answer.status_code, answer.json()["code"]) in {
            (404, "dead_letter_not_found"),
            (404, "route_not_found"),
            (405, "method_not_allowed"),
        }


async def test_it_is_sent_once_however_often_it_is_asked_for(api: Api, kept: Boxes) -> None:
    """Under one key, under others, and without one: the record is put onto the stream a single time."""
    await kept.unwritable(1, event_of(api, "replayed-once"))
    (letter,) = (await listed(api))["data"]
    path = f"{LETTERS}/{letter['id']}/replay"
    first = await api.client.post(path, headers={"Idempotency-Key": '"one"'})
    assert first.json() == {"outcomes": [{"outcome": "sent", "count": 1}], "why": [], "next_cursor": None}
    again = await api.client.post(path, headers={"Idempotency-Key": '"one"'})
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    for headers in ({"Idempotency-Key": '"two"'}, {}):
        other = (await api.client.post(path, headers=headers)).json()
        assert other["outcomes"] == [{"outcome": "replayed", "count": 1}]
        assert other["why"] == ["was sent before"]
    (letter,) = (await listed(api))["data"]
    assert (letter["replay"], letter["replay_tries"]) == ("sent", 1)
    assert api.services.producer is not None


async def test_all_of_a_reason_are_sent_in_bounded_steps(
    api: Api, kept: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step goes on where the one before ended; what is no event stays, with its reason."""
    monkeypatch.setattr("operations.dead_letters.letter_desk.LETTERS_MAX", 2)
    for number in range(4):
        await kept.unwritable(number, event_of(api, f"replayed-{number}"))
    await kept.unwritable(4, b"poison")
    outcomes: list[tuple[str, int]] = []
    said: dict[str, Any] = {"reason": "unwritable"}
    steps = 0
    while True:
        report = (await api.client.post(f"{LETTERS}/replay", json=said)).json()
        outcomes += [(each["outcome"], each["count"]) for each in report["outcomes"]]
        steps += 1
        if report["next_cursor"] is None:
            break
        said["cursor"] = report["next_cursor"]
    assert steps == 3
    assert outcomes == [("sent", 2), ("sent", 2), ("undecodable", 1)]
    assert len(report["why"]) == 1
    assert "poison" not in report["why"][0]


async def test_a_large_letter_is_gone_on_with_by_the_cursor(
    api: Api, kept: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time is over in the middle of a letter, the next call goes on with that letter, then with others."""
    monkeypatch.setattr("operations.dead_letters.letter_desk.REPLAY_S_MAX", 0.0)
    monkeypatch.setattr("operations.dead_letters.replay.AT_ONCE", 2)
    with monkeypatch.context() as patch:
        patch.setattr("workers.events.undecodable.decode", Mock(side_effect=EventError("an older version")))
        await kept.undecodable_record(1, *[event_of(api, f"of-a-large-{number}") for number in range(3)])
    await kept.undecodable(2, b"poison")
    said: dict[str, Any] = {"reason": "undecodable", "cursor": None}
    outcomes: list[dict[str, int]] = []
    while not outcomes or said["cursor"] is not None:
        report = (await api.client.post(f"{LETTERS}/replay", json=said)).json()
        outcomes.append({each["outcome"]: each["count"] for each in report["outcomes"]})
        said["cursor"] = report["next_cursor"]
    assert outcomes == [{"sent": 2}, {"sent": 1, "replayed": 2}, {"undecodable": 1}]


@pytest.mark.parametrize("said", [{}, {"reason": "other"}, {"reason": "conflict", "cursor": "no"}, {"reason": 1}])
async def test_what_is_not_a_reason_is_refused(api: Api, kept: Boxes, said: dict[str, object]) -> None:
    answer = await api.client.post(f"{LETTERS}/replay", json=said)
    assert answer.status_code == 422


async def test_who_may_read_may_not_send(api: Api, kept: Boxes) -> None:
    await kept.unwritable(1, event_of(api, "not-sent"))
    (letter,) = (await listed(api))["data"]
    headers = await api.key("operations:read", "admin")
    for path, said in ((f"{LETTERS}/{letter['id']}/replay", None), (f"{LETTERS}/replay", {"reason": "unwritable"})):
        answer = await api.client.post(path, json=said, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert (await listed(api))["data"][0]["replay"] == "never"


async def test_counts_are_by_reason_and_by_what_waits(api: Api, kept: Boxes, settings: Settings) -> None:
    """A letter of an older day is kept and does not wait, and neither does one that was sent again."""
    today = datetime.now(UTC)
    await kept.undecodable(1, at=today)
    await kept.undecodable(2)
    await kept.unwritable(3, event_of(api, "sent-again"), at=today)
    desk = api.services.store(ReportDesk).letters
    before = {each.reason: (each.kept, each.waiting) for each in (await desk.counts()).reasons}
    assert before == {"undecodable": (2, 1), "unwritable": (1, 1), "conflict": (0, 0)}
    assert (await api.client.post(f"{LETTERS}/replay", json={"reason": "unwritable"})).status_code == 200
    after = {each.reason: (each.kept, each.waiting) for each in (await desk.counts()).reasons}
    assert after["unwritable"] == (1, 0)
