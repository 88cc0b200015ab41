"""The rate of the index with the scorer beside it, against without: rows loaded in bulk until all can be looked up.

On one local stack, round by round. Without means that the scorer is stopped by SIGSTOP meanwhile; between two rounds
every drain catches up.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from devkit.running_stack import RunningStack, running_stack

from bench.write_path.results import Result, at_least, compared, tell
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

ROWS: Final = 4_000
CARDS: Final = 400
LOOKED_AT: Final = 100
POLL_S: Final = 0.1
VISIBLE_S_MAX: Final = 300.0
RATIO_MIN: Final = 0.7


def measure(rounds: int) -> list[Result]:
    """Rows a second of both ways."""
    beside, alone = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "data") as stack:
        for number in range(rounds + 1):
            alone.append(_rate(stack, Path(folder), f"{number}1", scorer=False))
            beside.append(_rate(stack, Path(folder), f"{number}2", scorer=True))
            tell(f"index round {number}: {beside[-1]:.0f}/s beside the scorer, {alone[-1]:.0f}/s without")
    name = "index: rows/s of a bulk load until all are found by GET, beside the scorer, against without"
    return [compared(name, beside[1:], alone[1:], at_least(RATIO_MIN))]


def _rate(stack: RunningStack, folder: Path, seed: str, *, scorer: bool) -> float:
    rows = list(simulate_rows(rows=ROWS, cards=CARDS, seed=int(seed)))
    file = folder / f"{seed}.csv"
    with file.open("w", newline="") as target:
        write_rows(rows, target)
    looked_at = [row["trans_num"] for row in rows[:: ROWS // LOOKED_AT]] + [rows[-1]["trans_num"]]
    with _stopped(stack.ready["pids"]["score"], wanted=not scorer):
        began = time.perf_counter()
        stack.txn("load", str(file))
        asyncio.run(_until_found(stack, looked_at))
        took_s = time.perf_counter() - began
    stack.wait_caught_up()
    return ROWS / took_s


async def _until_found(stack: RunningStack, ids: Sequence[str]) -> None:
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=stack.ready["api_url"], headers=stack.headers, timeout=30) as client:
        for each in ids:
            while (await client.get(f"/transactions/{each}", params={"fields": "transaction_id"})).status_code != 200:
                if time.perf_counter() - began > VISIBLE_S_MAX:
                    raise RuntimeError("a transaction did not become visible")
                await asyncio.sleep(POLL_S)


@contextmanager
def _stopped(pid: int, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
