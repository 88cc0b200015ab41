"""A question has a bound of time and of memory, and a place in the queue; what is beyond it harms nobody."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from insight.answers.turns import NoTurnError, Turns
from tests.insight.conftest import Service, publish, serving
from warehouse.questions.catalogue import Question, question_of
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import closed_session
from warehouse.sql.reader_roles import Role

Q12 = question_of("q12")
ENDLESS = """select 'rural' as urbanicity, sum(hash(a.i + b.i + c.i)) as customers, 1 as transactions,
1 as kilometers, 1 as beyond_100_km from range(10000) as a(i), range(10000) as b(i), range(10000) as c(i)"""
HUGE = """select 'rural' as urbanicity, len(list(a.i)) as customers, 1 as transactions, 1 as kilometers,
1 as beyond_100_km from range(100000000) as a(i)"""


def asking(sql: str) -> list[Question]:
    """A question that is endless, say, beside one that is not."""
    return [replace(Q12, sql=sql), question_of("q04")]


async def test_an_endless_query_ends_with_a_clear_message(
    published: Path, own_environment: pytest.MonkeyPatch
) -> None:
    async with serving(published, asking(ENDLESS), insight_timeout_s=0.3) as service:
        endless, other = await asyncio.gather(
            service.client.get("/insight/questions/q12"), service.client.get("/insight/questions/q04")
        )
        assert (endless.status_code, endless.json()["code"]) == (503, "query_too_long")
        assert "was ended" in endless.json()["detail"]
        assert endless.headers["retry-after"] == "60"
        assert other.status_code == 200  # it waited for its turn
        assert service.count("txn_insight_queries_total", question="q12", outcome="QueryTooLongError") == 1
        assert service.overdue == []
        again = await service.client.get("/insight/questions/q12")  # nobody lets it run again at once
        assert again.json()["code"] == "query_too_long"
        assert service.count("txn_insight_queries_total", question="q12", outcome="QueryTooLongError") == 1


async def test_a_query_that_needs_too_much_memory_ends(published: Path, own_environment: pytest.MonkeyPatch) -> None:
    async with serving(published, asking(HUGE), insight_memory="30MB") as service:
        response = await service.client.get("/insight/questions/q12")
        assert (response.status_code, response.json()["code"]) == (503, "query_too_large")
        assert (await service.client.get("/insight/questions/q04")).status_code == 200


async def test_a_query_that_fails_quotes_nothing(published: Path, own_environment: pytest.MonkeyPatch) -> None:
    async with serving(published, asking("select secret from star.nothing")) as service:
        response = await service.client.get("/insight/questions/q12")
        assert (response.status_code, response.json()["code"]) == (500, "internal_error")
        assert "secret" not in response.text


async def test_who_finds_no_turn_is_told_to_come_again(published: Path, own_environment: pytest.MonkeyPatch) -> None:
    async with serving(published, asking(ENDLESS), insight_timeout_s=0.3, insight_waiting_max=0) as service:
        first = asyncio.create_task(service.client.get("/insight/questions/q12"))
        await begun(service)
        refused = await service.client.get("/insight/questions/q04")
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "5"
        assert (await first).json()["code"] == "query_too_long"


async def begun(service: Service) -> None:
    """Wait until a query has its turn."""
    async with asyncio.timeout(10):
        while service.services.desk.turns.free:  # noqa: ASYNC110 - another task takes it
            await asyncio.sleep(0.001)


async def test_turns_go_by_arrival_and_nobody_waits_for_long() -> None:
    turns, order = Turns(1, 8, 0.05), list[str]()
    stop = asyncio.Event()

    async def take(name: str) -> None:
        async with turns.turn():
            order.append(name)
            if name == "first":
                await stop.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(take("first"))
        await asyncio.sleep(0)
        with pytest.raises(NoTurnError):
            await take("too late")
        for name in ("second", "third"):
            tasks.create_task(take(name))
        await asyncio.sleep(0)
        assert turns.waiting == 2
        stop.set()
    assert order == ["first", "second", "third"]
    assert (turns.waiting, turns.free) == (0, 1)


def test_a_session_reads_on_when_the_files_are_replaced(tmp_path: Path) -> None:
    """And several are open at once, over the former files and over the new ones."""
    folder, told = publish(tmp_path / "warehouse"), list[str]()
    bounds = Bounds("100MB", 1, 30.0)
    count = "select count(*) from star.fact_transactions"
    with closed_session(folder, Role.ANALYST, bounds, told.append) as former:
        publish(folder, run="run-2", load=2, count=60)
        with closed_session(folder, Role.ANALYST, bounds, told.append) as newer:
            assert list(former.answer(count).rows) == [(200,)]
            assert list(newer.answer(count).rows) == [(60,)]
            runs = [reader.last_run() for reader in (former, newer)]
            assert [run and run[0] for run in runs] == ["run-1", "run-2"]
    assert told == []
