"""A walk through the pages of one hot merchant on a local stack, while transactions of it go on coming in.

They come at half of the rate that the stack sustains, with times all over those of the rows that are there, so that
they land before and behind the walk. What was there when it began must be met once, and nothing twice.
"""

import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from devkit.running_stack import RunningStack, percentiles, running_stack

from bench.drains.posting import Load
from bench.drains.watching import Memory
from bench.drains.whole import highest_rate
from bench.reads.filling import fill
from bench.reads.tally import Tally
from bench.write_path.load.bodies import bodies
from bench.write_path.results import Result, at_most, compared, none_of, tell

MERCHANT: Final = "Rippin, Kub and Mann"
LIMIT: Final = 500
BODIES: Final = 5_000
BEGIN: Final = datetime(2015, 1, 1, tzinfo=UTC)
APART: Final = timedelta(minutes=110)  # 100,000 rows, three at a time, take seven years
WALK_S_MAX: Final = 1_800.0
# Several rows share a moment, and are told apart by their ids alone.
ROWS_A_MOMENT: Final = 3


def measure(rows: int, rate: float | None) -> list[Result]:
    """Fill, then walk in both orders; without a rate, the one that the stack sustains is looked for first."""
    found: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "data") as stack:
        load = Load(stack, _documents=[*itertools.islice(_documents(rows, step=rows // BODIES or 1), BODIES)])
        sustained = rate or highest_rate(stack, load)
        asyncio.run(fill(stack, _rows(rows)))
        for order in ("desc", "asc"):
            # What the first walk's posts left to the workers goes on coming in during the second.
            found += asyncio.run(_walked(stack, load, rows, sustained / 2, order))
    return found


async def _walked(stack: RunningStack, load: Load, rows: int, rate: float, order: str) -> list[Result]:
    inserting = asyncio.create_task(load.run(rate, WALK_S_MAX, probing=False))
    tally, pages_s = Tally(map(_id, range(rows))), list[float]()
    with Memory(stack, ("api",)) as memory:
        async for ids, seconds in _pages(stack, order):
            tally.meet(ids)
            pages_s.append(seconds)
    load.stop()
    run = await inserting
    p50, p99 = percentiles(pages_s)
    tell(
        f"walked {order}: {len(pages_s)} pages in {sum(pages_s):.0f} s, p50 {p50:.3f} s, p99 {p99:.3f} s; "
        f"{run.accepted} posted meanwhile at {rate:.0f}/s; {tally.inserted} of all posted were met"
    )
    early, late = memory.halves_mb()["api"]
    walk = f"walk of {rows:,} rows, {order}"
    return [
        none_of(f"{walk}: rows missed that were there at the start", tally.missed),
        none_of(f"{walk}: rows met twice", tally.doubled),
        none_of(f"{walk}: posts that were not accepted meanwhile", run.refused),
        compared(
            f"{walk}: memory of the API, MB, its second half against its first",
            [late],
            [early],
            at_most(1.1),
            by="memory",
        ),
    ]


async def _pages(stack: RunningStack, order: str) -> AsyncIterator[tuple[list[str], float]]:
    """The ids of each page, and the seconds that it took."""
    asked: dict[str, Any] = {"merchant_name": MERCHANT, "order": order, "limit": LIMIT, "fields": "transaction_id"}
    async with httpx.AsyncClient(base_url=stack.ready["api_url"], headers=stack.headers, timeout=30) as client:
        while True:
            began = time.perf_counter()
            answer = await client.get("/transactions", params=asked)
            answer.raise_for_status()
            page = answer.json()
            yield [row["transaction_id"] for row in page["data"]], time.perf_counter() - began
            if not page["has_more"]:
                return
            asked["cursor"] = page["next_cursor"]


def _documents(rows: int, *, step: int) -> Iterator[dict[str, Any]]:
    """Bodies of the merchant, whose times are those of each `step`-th of the rows."""
    made = [json.loads(body) for body in bodies(BODIES)]
    for number in range(0, rows, step):
        document = made[number % BODIES]
        at = BEGIN + APART * (number // ROWS_A_MOMENT)
        yield document | {
            "merchant": document["merchant"] | {"name": MERCHANT},
            "occurred_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }


def _rows(rows: int) -> Iterator[dict[str, Any]]:
    """The rows that are there when a walk begins."""
    return (document | {"transaction_id": _id(number)} for number, document in enumerate(_documents(rows, step=1)))


def _id(number: int) -> str:
    # Ids whose order is not the rows' order.
    return f"walk-{number * 7919 % 1_000_003:07d}"
