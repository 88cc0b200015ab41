"""Whichever process is asked tells the metrics of all, in bounded time, and without those that do not answer."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from txn_api import process_metrics
from txn_api.process_metrics import ProcessMetrics, socket_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: a unix socket's path has 107 bytes at most."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def registry(count: int) -> CollectorRegistry:
    """Metrics of each kind."""
    made = CollectorRegistry()
    Counter("posts", 'Posts, "all"', ["status"], registry=made).labels('2"0').inc(count)
    Gauge("room", "Room left", registry=made).set(float("inf"))
    Histogram("wait", "Waits", buckets=(1.0,), registry=made).observe(0.5)
    return made


@asynccontextmanager
async def other_process(folder: Path, pid: int, count: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Another process, which this one plays."""
    with monkeypatch.context() as context:
        context.setattr("txn_api.process_metrics.os.getpid", lambda: pid)
        told = ProcessMetrics(folder).told(registry(count))
        await told.__aenter__()
    try:
        yield
    finally:
        await told.__aexit__(None, None, None)


async def metrics(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What process 1 answers."""
    with monkeypatch.context() as context:
        context.setattr("txn_api.process_metrics.os.getpid", lambda: 1)
        return generate_latest(await ProcessMetrics(folder).metrics(registry(1))).decode()


async def test_the_metrics_of_all_are_one_document(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each family is described once, with every process's samples; values and labels are what they were."""
    async with other_process(folder, 2, 20, monkeypatch), other_process(folder, 3, 300, monkeypatch):
        text = await metrics(folder, monkeypatch)
    assert text.count("# TYPE posts_total counter") == 1
    for process, count in (("1", 1.0), ("2", 20.0), ("3", 300.0)):
        assert f'posts_total{{process="{process}",status="2\\"0"}} {count}' in text
        assert f'room{{process="{process}"}} +Inf' in text
        assert f'wait_bucket{{le="1.0",process="{process}"}} 1.0' in text
    families = [family.name for family in text_string_to_metric_families(text)]
    assert sorted(families) == ["posts", "posts_created", "room", "wait", "wait_created"]


async def test_a_sibling_that_is_gone_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it leaves behind is a socket that nobody answers."""
    async with other_process(folder, 2, 20, monkeypatch):
        pass
    assert socket_of(folder, 2).exists()
    text = await metrics(folder, monkeypatch)
    assert 'process="1"' in text
    assert 'process="2"' not in text


@pytest.mark.parametrize("answer", [b"", b"[", b"x" * 2_000])
async def test_a_sibling_that_breaks_off_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """Or that tells more than is taken."""

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    monkeypatch.setattr(process_metrics, "ANSWER_BYTES_MAX", 1_000)
    server = await asyncio.start_unix_server(tell, socket_of(folder, 2))
    text = await metrics(folder, monkeypatch)
    server.close()
    assert 'process="1"' in text
    assert 'process="2"' not in text


async def test_a_stuck_sibling_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' figures come within the bound."""
    monkeypatch.setattr(process_metrics, "ANSWER_S_MAX", 0.1)
    released = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    stuck = await asyncio.start_unix_server(say_nothing, socket_of(folder, 2))
    async with other_process(folder, 3, 300, monkeypatch), asyncio.timeout(60):
        text = await metrics(folder, monkeypatch)
    released.set()
    stuck.close()
    assert 'process="2"' not in text
    assert 'posts_total{process="3",status="2\\"0"} 300.0' in text
