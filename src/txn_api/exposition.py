"""The metrics as text, rendered once a second at most, however many ask and however fast.

A rendering takes milliseconds of the event loop, and asks the other processes of the port. All who ask within a
second get the same text; while it is rendered, a bounded number of requests wait for it.
"""

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from txn_api.problems import Overloaded
from txn_api.process_metrics import ANSWER_S_MAX, RENDERED_EVERY_S, ProcessMetrics
from txn_core.recent import RecentRead

WAITS_MAX: Final = 32
RENDERING_S_MAX: Final = 2 * ANSWER_S_MAX


class Exposition:
    """What this process tells Prometheus, or all processes of its port together."""

    def __init__(
        self,
        registry: CollectorRegistry,
        process_metrics: ProcessMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._process_metrics = registry, process_metrics
        self._texts = RecentRead(
            self._render,
            lambda _: RENDERED_EVERY_S,
            read_s_max=RENDERING_S_MAX,
            waits_max=WAITS_MAX,
            clock=clock,
        )

    async def text(self) -> bytes:
        """The metrics of this second.

        Raises:
            Overloaded: too many requests wait for them already.
        """
        if (text := await self._texts.get()) is None:
            raise Overloaded
        return text

    async def metrics(self) -> Collector:
        """The metrics of this moment, not as text. Who asks bounds how often: they are collected each time."""
        metrics, registry = self._process_metrics, self._registry
        return registry if metrics is None else await metrics.metrics(registry)

    async def _render(self) -> bytes:
        return generate_latest(await self.metrics())
