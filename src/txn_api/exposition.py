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
from txn_api.single_flight import KeptValue

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
        self._text = KeptValue(
            self._rendered, kept_s=RENDERED_EVERY_S, make_s_max=RENDERING_S_MAX, waits_max=WAITS_MAX, clock=clock
        )

    async def text(self) -> bytes:
        """The metrics of this second.

        Raises:
            Overloaded: too many requests wait for them already.
        """
        text = await self._text.get()
        if text is None:
            raise Overloaded
        return text

    async def _rendered(self) -> bytes:
        source = (
            self._registry if self._process_metrics is None else await self._process_metrics.metrics(self._registry)
        )
        return generate_latest(source)
