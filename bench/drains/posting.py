"""Single posts to a stack at a rate, each of an id of its own, and how soon some of them are found by GET."""

import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from devkit.running_stack import RunningStack

from bench.write_path.load.bodies import bodies
from bench.write_path.load.open_loop import Pool, connected, fire, posts

BODIES: Final = 5_000
CONNECTIONS: Final = 64
PROBE_PAUSE_S: Final = 0.25
POLL_S: Final = 0.025
VISIBLE_S_MAX: Final = 30.0
SETTLE_S_MAX: Final = 30.0
FLAT_FACTOR: Final = 1.5
FLAT_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class LoadRun:
    """What became of some posts: how many were accepted and not, and after how many seconds probes were visible."""

    accepted: int
    refused: int
    visible_s: list[float]


@dataclass
class Load:
    """Posts to one stack; `accepted` counts all runs, and the probes among them."""

    stack: RunningStack
    accepted: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _documents: list[dict[str, Any]] = field(default_factory=lambda: [json.loads(body) for body in bodies(BODIES)])
    _stopped: bool = False

    async def run(self, rate: float, seconds: float, *, probing: bool = True) -> LoadRun:
        """Post at a rate for so long, or until stopped."""
        self._stopped = False
        url = f"{self.stack.ready['api_url']}/transactions"
        probes: list[asyncio.Task[float]] = []
        async with connected(self.stack.ready["api_url"], CONNECTIONS) as pool:
            requests = posts(url, self.stack.headers, self._bodies())
            firing = asyncio.create_task(fire(self._shots(pool, requests), rate_per_s=rate, seconds=seconds))
            async with httpx.AsyncClient(headers=self.stack.headers, timeout=VISIBLE_S_MAX) as client:
                while probing and not firing.done():
                    probes.append(asyncio.create_task(self._visible_s(client, url)))
                    await asyncio.sleep(PROBE_PAUSE_S)
                await firing
                visible_s = await asyncio.gather(*probes)
            with suppress(TimeoutError):
                await asyncio.wait_for(pool.settled.wait(), SETTLE_S_MAX)
            statuses = Counter(answer.status for answer in pool.take())
            refused = statuses.total() - statuses[202] + pool.under_way
        self.accepted += statuses[202] + len(visible_s)
        return LoadRun(statuses[202] + len(visible_s), refused, visible_s)

    def stop(self) -> None:
        """End the run that is under way."""
        self._stopped = True

    def _shots(self, pool: Pool, requests: Iterator[bytes]) -> Iterator[tuple[Pool, bytes]]:
        return ((pool, request) for request in itertools.takewhile(lambda _: not self._stopped, requests))

    def _bodies(self) -> Iterator[bytes]:
        while True:
            yield self._body()[1]

    def _body(self) -> tuple[str, bytes]:
        number = next(self._numbers)
        transaction_id = f"drain-{number:08d}"
        document = self._documents[number % len(self._documents)] | {"transaction_id": transaction_id}
        return transaction_id, json.dumps(document).encode()

    async def _visible_s(self, client: httpx.AsyncClient, url: str) -> float:
        """Post one, and ask for it until it is found: seconds from its 202."""
        transaction_id, body = self._body()
        answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()
        accepted = time.perf_counter()
        while (await client.get(f"{url}/{transaction_id}")).status_code != 200:
            if time.perf_counter() - accepted > VISIBLE_S_MAX:
                return VISIBLE_S_MAX
            await asyncio.sleep(POLL_S)
        return time.perf_counter() - accepted


def flat(seconds: Sequence[float]) -> bool:
    """Whether the last third of some waits is about as long as the first."""
    third = len(seconds) // 3
    early, late = statistics.median(seconds[:third]), statistics.median(seconds[-third:])
    return late <= FLAT_FACTOR * early + FLAT_S
