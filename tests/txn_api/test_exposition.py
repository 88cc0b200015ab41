"""Metrics cost the same however many ask: a rendering a second, a bounded number of waits."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tests.txn_api.conftest import AppFixture
from txn_api import exposition
from txn_api.exposition import WAITS_MAX, Exposition
from txn_api.problems import Overloaded
from txn_api.process_metrics import RENDERED_EVERY_S, ProcessMetrics, _ask, socket_of


class Counted(Collector):
    """Tells how often it was asked."""

    def __init__(self) -> None:
        self.renderings = 0

    def describe(self) -> Iterator[Metric]:
        """Nothing: to be registered is not to be asked."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        self.renderings += 1
        yield GaugeMetricFamily("renderings", "Renderings so far", self.renderings)


def counted() -> tuple[Counted, CollectorRegistry]:
    made, registry = Counted(), CollectorRegistry()
    registry.register(made)
    return made, registry


async def test_there_is_one_rendering_a_second() -> None:
    """However many ask, and at once; a second later there is another."""
    now_s = [100.0]
    source, registry = counted()
    shown = Exposition(registry, clock=lambda: now_s[0])
    texts = [await shown.text() for _ in range(20)]
    texts += await asyncio.gather(*(shown.text() for _ in range(20)))
    assert source.renderings == 1
    assert {b"renderings 1.0" in text for text in texts} == {True}
    now_s[0] += RENDERED_EVERY_S
    texts = await asyncio.gather(*(shown.text() for _ in range(WAITS_MAX)))
    assert source.renderings == 2
    assert {b"renderings 2.0" in text for text in texts} == {True}


async def test_few_wait_for_a_rendering_and_the_others_are_told_so() -> None:
    """Also while another process does not answer; whoever goes away gives its place back, and spoils nothing."""
    released = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        stuck = await asyncio.start_unix_server(say_nothing, socket_of(Path(folder), 2))
        _, registry = counted()
        shown = Exposition(registry, ProcessMetrics(Path(folder)))
        waiting = [asyncio.create_task(shown.text()) for _ in range(WAITS_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await shown.text()
        waiting[0].cancel()
        await asyncio.sleep(0)
        one_more = asyncio.create_task(shown.text())
        texts = await asyncio.gather(*waiting[1:], one_more)
        assert {b'renderings{process="' in text for text in texts} == {True}
        released.set()
        stuck.close()


async def test_a_process_renders_once_a_second_for_its_siblings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over its socket, too."""
    source, registry = counted()
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr("txn_api.process_metrics.os.getpid", lambda: 2)
        async with ProcessMetrics(Path(folder)).told(registry):
            told = [await _ask(socket_of(Path(folder), 2)) for _ in range(10)]
    assert source.renderings == 1
    assert len(set(told)) == 1


async def test_the_route_renders_once_a_second(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a scraper, or somebody who is none, reaches it."""
    monkeypatch.setattr(exposition, "RENDERED_EVERY_S", 3_600.0)
    source = Counted()
    desk.app.state.registry.register(source)
    for _ in range(20):
        answer = await desk.client.get("/metrics")
        assert "renderings 1.0" in answer.text
    assert source.renderings == 1
