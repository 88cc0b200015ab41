"""What a worker answers over HTTP: on its port, while it runs, and also while its event loop is busy."""

import asyncio
import socket
import threading
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.workers.conftest import StackFixture, until
from txn_core.readiness import OK, NotReadyError
from txn_core.settings import Settings
from workers.archive.archive_processor import ArchiveMetrics
from workers.hosts import health
from workers.hosts.health import application, readiness_of, served
from workers.metrics import WorkerMetrics


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def get(port: int | None, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.get(f"http://127.0.0.1:{port}{path}")


async def test_metrics_and_readiness_are_served_on_the_given_port_and_not_afterwards() -> None:
    async def unfit() -> None:
        raise NotReadyError("not yet")

    settings, metrics = Settings(worker_metrics_port=free_port()), WorkerMetrics("archive")
    ArchiveMetrics(metrics).flushes.labels("rows").inc()
    port = settings.worker_metrics_port
    with served(metrics.registry, readiness_of({"sink": unfit}), settings):
        assert 'txn_archive_flushes_total{cause="rows"} 1.0' in (await get(port, "/metrics")).text
        unready = await get(port, "/readyz")
        assert (unready.status_code, unready.json()) == (
            503,
            {"status": "not_ready", "checks": {"sink": "not yet"}},
        )
    with pytest.raises(httpx.ConnectError):
        await get(port, "/metrics")


async def test_without_a_port_nothing_is_served() -> None:
    with served(CollectorRegistry(), readiness_of({}), Settings()):
        assert asyncio.get_running_loop().is_running()


async def test_metrics_are_served_while_the_event_loop_is_busy() -> None:
    settings, metrics = Settings(worker_metrics_port=free_port()), WorkerMetrics("index")

    answers: list[str] = []

    def read() -> None:
        url = f"http://127.0.0.1:{settings.worker_metrics_port}/metrics"
        answers.append(httpx.get(url, trust_env=False, timeout=60).text)

    with served(metrics.registry, readiness_of({}), settings):
        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        reading.join(60)  # in this very thread, the loop's
        assert "txn_index_records_total 0.0" in answers[0]


def test_a_loop_that_does_not_answer_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_S_MAX", 0.01)
    asked: Future[dict[str, str]] = Future()
    statuses: list[str] = []

    def start_response(status: str, headers: object, _: object = None, /) -> Any:
        statuses.append(status)

    (body,) = application(CollectorRegistry(), lambda: asked)({"PATH_INFO": "/readyz"}, start_response)
    assert statuses == ["503 Service Unavailable"]
    assert b"event_loop" in body
    assert asked.cancelled()


CHECKS: dict[str, tuple[str, ...]] = {
    "index": ("stream", "lease_table", "sink", "dead_letters", "leases", "shards"),
    "archive": ("stream", "lease_table", "sink", "leases", "shards"),
}


@pytest.mark.parametrize("kind", ["index", "archive"])
async def test_a_worker_is_ready_once_it_looks_after_leases(world: StackFixture, kind: str) -> None:
    port = free_port()
    settings = world.settings.model_copy(update={"worker_metrics_port": port})

    async def ready() -> bool:
        try:
            return (await get(port, "/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async with world.working(kind, settings=settings):
        await until(ready)
        checks = (await get(port, "/readyz")).json()["checks"]
        assert checks == dict.fromkeys(CHECKS[kind], OK)
        metrics = (await get(port, "/metrics")).text
        assert f"txn_{kind}_leases_owned 1.0" in metrics


async def test_an_index_worker_whose_letters_have_no_bucket_is_not_ready(world: StackFixture) -> None:
    """It indexes meanwhile, up to the first conflict or poison, which then holds up its shard."""
    port = free_port()
    settings = world.settings.model_copy(update={"worker_metrics_port": port, "bucket": "not-there"})

    async def said() -> bool:
        try:
            answer = await get(port, "/readyz")
        except httpx.TransportError:
            return False
        others = {name: OK for name in CHECKS["index"] if name != "dead_letters"}
        checks = answer.json()["checks"]
        return answer.status_code == 503 and checks.pop("dead_letters") != OK and checks == others

    async with world.working("index", settings=settings):
        await until(said)


async def test_metrics_are_rendered_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask."""
    monkeypatch.setattr(health, "RENDERED_EVERY_S", 3_600.0)
    settings, metrics = Settings(worker_metrics_port=free_port()), WorkerMetrics("archive")
    asked: list[float] = []

    def owned() -> float:
        asked.append(1.0)
        return 1.0

    metrics.leases_owned.set_function(owned)
    with served(metrics.registry, readiness_of({}), settings):
        for path in ("/metrics", "/", "/metrics?name[]=x") * 3:
            assert "txn_archive_leases_owned 1.0" in (await get(settings.worker_metrics_port, path)).text
    assert len(asked) == 1


async def test_few_connections_are_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are closed, so that nobody fills the process with threads; places are given back."""
    monkeypatch.setattr(health, "CONNECTIONS_MAX", 3)
    settings = Settings(worker_metrics_port=free_port())
    with served(CollectorRegistry(), readiness_of({}), settings):
        held = [await asyncio.open_connection("127.0.0.1", settings.worker_metrics_port) for _ in range(3)]
        await until(lambda: _answers(threading.active_count() >= 4))
        with pytest.raises(httpx.TransportError):
            await get(settings.worker_metrics_port, "/metrics")
        for _, writer in held:
            writer.close()

        async def served_again() -> bool:
            try:
                return (await get(settings.worker_metrics_port, "/metrics")).status_code == 200
            except httpx.TransportError:
                return False

        await until(served_again)


async def _answers(answer: bool) -> bool:  # noqa: FBT001 - what it gives
    return answer
