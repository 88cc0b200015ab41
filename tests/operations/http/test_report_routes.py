"""`GET /operations` on real servers: what it says, to whom, and what is missing when a store does not answer."""

import asyncio

import pytest

from operations import report_desk
from operations.report_desk import ReportDesk
from tests.builders import body
from tests.txn_api.conftest import Api, AppFixture
from txn_core.aws.clients import Aws
from txn_core.recent import RecentRead


async def test_the_report_is_of_api_drains_dead_letters_and_cost(api: Api) -> None:
    """No worker has ever run here: what was accepted waits, and nobody holds a lease."""
    for number in range(3):
        posted = await api.client.post("/transactions", json=body(transaction_id=f"operations-{number}"))
        assert posted.status_code == 202
    answer = await api.client.get("/operations")
    assert answer.status_code == 200
    report = answer.json()
    assert report["missing"] == []
    assert report["api"]["processes"] == 1
    assert report["api"]["accepted_total"] == 3
    assert {each["status"]: each["total"] for each in report["api"]["answers"]}["2xx"] == 3
    assert [each["reason"] for each in report["dead_letters"]["reasons"]] == ["undecodable", "unwritable", "conflict"]
    assert report["cost"]["usd"] > 0
    drains = {drain["name"]: drain for drain in report["drains"]["drains"]}
    assert {"index", "archive"} <= set(drains)
    assert drains["index"]["owners"] == 0
    assert answer.headers["cache-control"] == "no-store"


async def test_who_asks_at_once_shares_what_is_read(api: Api) -> None:
    """However many pages are open, the stores are read once."""
    desk = api.services.store(ReportDesk)
    reads = 0
    read = desk._watch.figures

    async def counted() -> object:
        nonlocal reads
        reads += 1
        return await read()

    desk._api = RecentRead(counted, lambda _: 600.0, read_s_max=3.0, waits_max=32)  # type: ignore[arg-type]
    answers = await asyncio.gather(*(api.client.get("/operations") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert reads == 1


async def test_stores_that_do_not_answer_leave_the_rest(desk: AppFixture) -> None:
    """Each part that is away is null and named, in the findings too."""
    report = (await desk.client.get("/operations")).json()
    assert report["drains"] is None
    assert report["dead_letters"] is None
    assert {each["part"]: each["reason"] for each in report["missing"]} == {
        "drains": "store_unavailable",
        "dead_letters": "store_unavailable",
    }
    assert report["api"]["processes"] == 1
    assert report["cost"] is not None
    assert {(each["figure"], each["subject"]) for each in report["findings"]} == {
        ("missing", "drains"),
        ("missing", "dead_letters"),
    }


async def test_a_store_that_hangs_is_waited_for_no_longer_than_a_part_may_take(
    desk: AppFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_desk, "PART_S_MAX", 0.05)
    reports = desk.services.store(ReportDesk)

    async def hanging() -> None:
        await asyncio.sleep(3600)

    reports._drains = report_desk._shared(hanging, 1.0)
    async with asyncio.timeout(5):
        report = (await desk.client.get("/operations")).json()
    assert {"part": "drains", "reason": "store_unavailable"} in report["missing"]


async def test_without_a_bucket_dead_letters_say_so(desk: AppFixture) -> None:
    reports = desk.services.store(ReportDesk)
    reports.letters.bucket._aws = Aws(desk.services.settings.model_copy(update={"bucket": None}))
    report = (await desk.client.get("/operations")).json()
    assert {"part": "dead_letters", "reason": "not_configured"} in report["missing"]
    for method, path in (
        ("get", "/operations/dead-letters"),
        ("post", f"/operations/dead-letters/undecodable.2026-01-02.shard-{'1' * 30}-0/replay"),
    ):
        answer = await desk.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (501, "not_configured")


@pytest.mark.parametrize("scope", ["admin", "transactions:read", "insight:read", "operations:write"])
async def test_other_scopes_open_nothing(desk: AppFixture, scope: str) -> None:
    headers = desk.key(scope)  # type: ignore[arg-type] # one of them
    for path in ("/operations", "/operations/dead-letters"):
        answer = await desk.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_without_a_key_nothing_is_said(desk: AppFixture) -> None:
    assert (await desk.client.get("/operations", headers={"Authorization": ""})).status_code == 401
