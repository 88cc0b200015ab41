"""The Runtime API as a runtime sees it: one invocation at a time, with a deadline, and an answer or an error."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from devkit.lambda_runtime import PATH, FunctionError, RuntimeApi


async def _next(session: aiohttp.ClientSession, api: RuntimeApi) -> tuple[str, float, Any]:
    async with session.get(f"http://{api.address}{PATH}/invocation/next") as answer:
        headers = answer.headers
        left_s = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
        return headers["Lambda-Runtime-Aws-Request-Id"], left_s, await answer.json()


async def _settle(session: aiohttp.ClientSession, api: RuntimeApi, id_: str, kind: str, document: Any) -> int:
    async with session.post(f"http://{api.address}{PATH}/invocation/{id_}/{kind}", json=document) as answer:
        return answer.status


async def test_invocations_come_one_after_the_other_and_are_settled_by_their_id() -> None:
    async with RuntimeApi().served() as api, aiohttp.ClientSession() as session:
        first = asyncio.create_task(api.invoke({"number": 1}, 60.0))
        second = asyncio.create_task(api.invoke({"number": 2}, 30.0))
        id_, left_s, event = await _next(session, api)
        assert api.asked.is_set()
        assert event == {"number": 1}
        assert 30.0 < left_s <= 60.0
        other, left_s, event = await _next(session, api)
        assert event == {"number": 2}
        assert 0.0 < left_s <= 30.0
        assert await _settle(session, api, other, "error", {"errorMessage": "no"}) == 202
        assert await _settle(session, api, id_, "response", ["yes"]) == 202
        assert await first == ["yes"]
        with pytest.raises(FunctionError) as caught:
            await second
        assert caught.value.args == ({"errorMessage": "no"},)


async def test_an_answer_that_comes_too_late_is_taken_and_forgotten() -> None:
    async with RuntimeApi().served() as api, aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await api.invoke({}, 0.01)
        id_, left_s, _ = await _next(session, api)
        assert left_s <= 0.01
        assert await _settle(session, api, id_, "response", "late") == 202
