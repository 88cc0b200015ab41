"""The metrics as text, rendered once a second at most, however many ask and however fast.

A rendering takes milliseconds of the event loop, and asks the other processes of the port. All who ask within a
second get the same text; while it is rendered, a bounded number of requests wait for it.
"""

import time
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest

from txn_api.problems import Overloaded
from txn_api.process_metrics import ANSWER_S_MAX, RENDERED_EVERY_S, ProcessMetrics
from txn_api.single_flight import SingleFlight

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
        self._registry, self._process_metrics, self._clock = registry, process_metrics, clock
        self._renderings = SingleFlight[None, None](self._render, RENDERING_S_MAX)
        self._text, self._rendered_at = b"", float("-inf")
        self._waits = 0

    async def text(self) -> bytes:
        """The metrics of this second.

        Raises:
            Overloaded: too many requests wait for them already.
        """
        if self._clock() - self._rendered_at >= RENDERED_EVERY_S:
            if self._waits >= WAITS_MAX:
                raise Overloaded
            self._waits += 1
            try:
                await self._renderings.get(None)
            finally:
                self._waits -= 1
        return self._text

    async def _render(self, _: None) -> None:
        source = (
            self._registry if self._process_metrics is None else await self._process_metrics.metrics(self._registry)
        )
        self._text = generate_latest(source)
        self._rendered_at = self._clock()
