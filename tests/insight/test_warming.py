"""After a build, questions are asked again before somebody waits: all at first, then those that were asked lately."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from insight.warming import keep_warm
from tests.insight.conftest import Service, publish, serving
from warehouse.questions.catalogue import question_of

NAMES = ("q04", "q07", "q09")


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not met():  # noqa: ASYNC110 - another task and a thread make it so
            await asyncio.sleep(0.01)


def asked(service: Service, name: str) -> float:
    return service.count("txn_insight_queries_total", question=name, outcome="answered")


async def test_a_build_is_asked_before_somebody_waits(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "warehouse"
    async with serving(folder, [question_of(name) for name in NAMES]) as service:
        services = service.services
        warming = asyncio.create_task(keep_warm(services.desk, services.explorer, 0.01))
        publish(folder, count=60)
        await until(lambda: all(asked(service, name) == 1 for name in NAMES))
        await service.answer("q04")
        await service.client.get("/insight/explorer")
        assert asked(service, "q04") == 1
        publish(folder, run="run-2", load=2, count=60)
        await until(lambda: (asked(service, "q04"), asked(service, "cube")) == (2, 2))
        assert sum(asked(service, name) for name in NAMES) == len(NAMES) + 1
        warming.cancel()
