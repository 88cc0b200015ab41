"""Sends requests, some at a time, and holds each answer, the log, the memory and the end against what is promised."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from bench.process_stats import resident_bytes

from tests.canary.exchanges import exchange, status_of
from tests.fuzz.requests import Requests, Sent
from tests.fuzz.site import FuzzedApi
from tests.fuzz.verdict import faults
from tests.support.card_search import CardSearch

AT_ONCE: Final = 16
SILENCE_S: Final = 0.2
"""How long an answer to a damaged request is waited for: the server may be right to wait for its end."""
ANSWER_S_MAX: Final = 20.0
SAMPLE_EVERY: Final = 500
WARM_UP: Final = 0.2
GROWTH_MAX: Final = 1.1
IDLE_S_MAX: Final = 40.0
"""Longer than an unfinished head is waited for, after which nothing is under way any more."""


@dataclass
class Outcome:
    """What a run has seen."""

    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    resident_mb: list[float] = field(default_factory=list)
    log_lines: int = 0

    def growth(self) -> float:
        """The most memory of the second half of a run against the first's, both behind the warm-up."""
        settled = self.resident_mb[int(len(self.resident_mb) * WARM_UP) :]
        middle = len(settled) // 2
        return max(settled[middle:]) / max(settled[:middle]) if middle else 1.0


async def run(site: FuzzedApi, seed: int, numbers: range) -> Outcome:
    """Send the requests of a seed with these numbers."""
    requests, outcome = Requests(seed, site.api_key), Outcome()
    search = CardSearch(requests.marks.numbers)
    waiting = iter(numbers)

    async def work_off() -> None:
        for number in waiting:
            sent = requests.request(number)
            _take(sent, await _answer(site, sent), outcome, search)
            if sum(outcome.kinds.values()) % SAMPLE_EVERY == 0:
                outcome.resident_mb.append(resident_bytes(site.pid) / 1e6)

    async with asyncio.TaskGroup() as workers:
        for _ in range(AT_ONCE):
            workers.create_task(work_off())
    outcome.faults += [fault async for fault in _at_the_end(site)]
    for number, line in enumerate(site.log.read_bytes().splitlines()):
        outcome.log_lines += 1
        search.look("log line", str(number), line)
        if b'"request_failed"' in line or b'"critical"' in line or b"Traceback" in line:
            outcome.faults.append(f"log: {line[:300]!r}")
    outcome.faults += [f"a card number in {place}" for place in search.found]
    return outcome


def _take(sent: Sent, answer: bytes, outcome: Outcome, search: CardSearch) -> None:
    outcome.kinds[sent.kind] += 1
    outcome.statuses[status_of(answer)] += 1
    outcome.faults += [f"request {sent.number} ({sent.kind}): {fault}" for fault in faults(sent, answer, search)]


async def _answer(site: FuzzedApi, sent: Sent) -> bytes:
    try:
        return await exchange(site.port, sent.data, answer_s_max=ANSWER_S_MAX if sent.whole else SILENCE_S)
    except TimeoutError:
        return b""


async def _at_the_end(site: FuzzedApi) -> AsyncIterator[str]:
    """Nothing is under way any more, and a sound request is answered."""
    for _ in range(int(IDLE_S_MAX / 0.2)):
        metrics = await exchange(site.port, _METRICS)
        in_flight = next(_values(metrics, b"txn_http_requests_in_flight"))
        if in_flight <= 1:  # the one that asks
            return
        await asyncio.sleep(0.2)
    yield "requests are still in flight"


def _values(metrics: bytes, name: bytes) -> Iterator[float]:
    for line in metrics.splitlines():
        if line.startswith(name + b" "):
            yield float(line.rpartition(b" ")[2])


_METRICS: Final = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
