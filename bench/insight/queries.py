"""Fifty queries at once: the twelve questions, one of which does not end, and different choices of the explorer."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import httpx

from bench.insight.endless import ENDLESS, asked
from bench.insight.service import PUBLISHED

QUERIES: Final = 50
ANSWERED_S_MAX: Final = 60.0  # beyond the longest wait for a turn, and a query's time behind it
CHOSEN_MAX: Final = 3
DIMENSIONS: Final = ("state", "month", "category", "gender", "age_band", "currency")
REFUSED: Final = {"503 overloaded", "503 query_too_long"}
"""A query that is not the endless one may take too long, too, where a busy machine leaves little time to it."""

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
        wanted = {"503 query_too_long"} if query.endswith(ENDLESS) else {"200"} | REFUSED
        if said not in wanted or (code and "retry-after" not in response.headers):
            self.wrong.append(f"{query}: {said}")

    def add(self, other: "Answers") -> None:
        """Count other answers, too."""
        self.outcomes += other.outcomes
        self.wrong += other.wrong
        self.longest_s = max(self.longest_s, other.longest_s)


def labels_of(folder: Path) -> Mapping[str, Sequence[str]]:
    """What there is to choose from in the explorer, by dimension, as the published file has it."""
    months = "strftime(month, '%Y-%m') as month"
    with duckdb.connect(folder / PUBLISHED, read_only=True) as published:
        return {
            name: [
                str(label)
                for (label,) in published.execute(
                    f"select distinct {months if name == 'month' else name} from star.fact_transactions order by 1"
                ).fetchall()
            ]
            for name in DIMENSIONS
        }


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
