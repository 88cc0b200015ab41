"""Fifty queries at once: the twelve questions, one of which does not end, and different choices of the explorer."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from bench.insight.endless import ENDLESS, asked

QUERIES: Final = 50
ANSWERED_S_MAX: Final = 60.0  # beyond the longest wait for a turn, and a query's time behind it
CHOSEN_MAX: Final = 3
CUBE_S_MAX: Final = 300.0  # a cube that is ended is not built again for a minute

Choice = dict[str, str]


@dataclass
class Answers:
    """What queries were answered.

    Attributes:
        outcomes: the count of each status with its code.
        wrong: what was neither answered nor refused as it should be.
        longest_s: the longest wait for an answer that was a good one.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def note(self, query: str, response: httpx.Response, seconds: float) -> None:
        """Note an answer that came after so long, and judge it."""
        code = "" if response.status_code == 200 else str(response.json()["code"])
        said = f"{response.status_code} {code}".strip()
        self.outcomes[said] += 1
        if response.status_code == 200:
            self.longest_s = max(self.longest_s, seconds)
        wanted = {"503 query_too_long"} if query.endswith(ENDLESS) else {"200", "503 overloaded"}
        if said not in wanted or (code and "retry-after" not in response.headers):
            self.wrong.append(f"{query}: {said}")


async def choices_of(client: httpx.AsyncClient) -> Mapping[str, Sequence[str]]:
    """The labels that each dimension of the explorer has, once its cube is built.

    Raises:
        httpx.HTTPStatusError: it is not built in time.
    """
    deadline = time.monotonic() + CUBE_S_MAX
    while (  # noqa: ASYNC110 - another process builds it
        response := await client.get("/insight/explorer")
    ).status_code == 503 and time.monotonic() < deadline:
        await asyncio.sleep(float(response.headers["retry-after"]))
    views: dict[str, Any] = response.raise_for_status().json()["views"]
    return {name: [cell[0] for cell in view["cells"]] for name, view in views.items()}


def choices(labels: Mapping[str, Sequence[str]], count: int, seed: int) -> list[Choice]:
    """So many choices of one to three values."""
    rng = random.Random(seed)
    names = sorted(name for name, values in labels.items() if values)
    picked = (rng.sample(names, rng.randint(1, CHOSEN_MAX)) for _ in range(count))
    return [{name: rng.choice(labels[name]) for name in chosen} for chosen in picked]


async def ask_at_once(client: httpx.AsyncClient, chosen: Sequence[Choice], answers: Answers) -> None:
    """Ask all questions and these choices at once, and note what each is answered."""

    async def ask(path: str, parameters: Choice) -> None:
        began = time.perf_counter()
        answers.note(path, await client.get(path, params=parameters), time.perf_counter() - began)

    async with asyncio.TaskGroup() as group:
        for question in asked():
            group.create_task(ask(f"/insight/questions/{question.name}", {}))
        for choice in chosen:
            group.create_task(ask("/insight/explorer", choice))


def client_of(base: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """A client with a connection for each query."""
    limits = httpx.Limits(max_connections=QUERIES, max_keepalive_connections=QUERIES)
    return httpx.AsyncClient(base_url=base, headers=headers, timeout=ANSWERED_S_MAX, limits=limits)
