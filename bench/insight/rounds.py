"""One round: posts in an open loop at an API, alone or beside 50 queries at once to the insight service."""

import asyncio
import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import uvloop

from bench.insight.asking import Asking, asking
from bench.insight.queries import Answers, Choice
from bench.insight.service import publish_again
from bench.process_stats import cpu_s
from bench.write_path.load.open_loop import HttpReply, connected, fire
from bench.write_path.posts import CONNECTIONS
from bench.write_path.servers import LOAD_CORE, Served

WARM_UP_S: Final = 2
LEFT_OVER_S_MAX: Final = 12.0  # the API answers within 10 s
QUIET_S: Final = 2.0  # longer than the pause after which the service looks for a new build
QUIET_CPU_S: Final = 0.1
QUIET_S_MAX: Final = 300.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Who takes part: an API and the posts for it, and the service over a folder, with a key's headers."""

    api: Served
    requests: Sequence[bytes]
    insight: Served
    headers: Mapping[str, str]
    folder: Path

    def posted(
        self, rate_per_s: float, seconds: float, chosen: Sequence[Choice], answers: Answers
    ) -> list[HttpReply]:
        """The answers to posts at a rate, beside queries if choices are given; the service has nothing else to do."""
        wait_quiet(self.insight.pid)
        gc.collect()
        gc.disable()  # a pause of the load would count as one of the API
        try:
            if not chosen:
                return uvloop.run(self._posted(rate_per_s, seconds))
            with asking(self.insight.base, self.headers, chosen, LOAD_CORE) as asks:
                return uvloop.run(self._posted(rate_per_s, seconds, asks, answers))
        finally:
            gc.enable()

    async def _posted(
        self, rate_per_s: float, seconds: float, asks: Asking | None = None, answers: Answers | None = None
    ) -> list[HttpReply]:
        aimed = cycle(self.requests)
        async with connected(self.api.base, CONNECTIONS) as pool:
            shots = ((pool, request) for request in aimed)
            await fire(shots, rate_per_s=rate_per_s, seconds=WARM_UP_S)
            pool.take()
            if asks is not None:
                publish_again(self.folder)
                asks.tell("begin")
            await fire(shots, rate_per_s=rate_per_s, seconds=seconds)
            async with asyncio.timeout(LEFT_OVER_S_MAX):
                await pool.settled.wait()
            if asks is not None and answers is not None:
                answers.add(await asks.answers())
            return pool.take()


def wait_quiet(pid: int) -> None:
    """Wait until a process has nothing to do.

    Raises:
        TimeoutError: it always has.
    """
    deadline = time.monotonic() + QUIET_S_MAX
    while True:
        before = cpu_s(pid)
        time.sleep(QUIET_S)
        if cpu_s(pid) - before < QUIET_CPU_S:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the service is always busy")
