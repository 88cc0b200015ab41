"""A local stack whose rules raise an alert for one amount, and how soon such an alert can be read."""

import asyncio
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import httpx
from devkit.running_stack import TXN, RunningStack

from fraud.rules.rule import Rule, Rules
from txn_api.schemas import example_transaction

AMOUNT_MINOR: Final = 7_654_321
PAUSE_S: Final = 0.25
POLL_S: Final = 0.02
ALERTED_S_MAX: Final = 60.0
_RULES: Final = Rules(
    rules=[
        Rule(
            id="probe",
            when=f"amount_minor == {AMOUNT_MINOR}",
            action="alert",
            mode="live",
            owner="carol",
            expires_at="2099-01-01T00:00:00.000000Z",
        )
    ]
)


def activate_rule(stack: RunningStack, folder: Path) -> None:
    """Let the rule hold for what comes from now on: two people ask for it, and the first probe waits for it."""
    file = folder / "rules.json"
    file.write_bytes(_RULES.bytes)
    for person in ("ann", "bob"):
        command = [*TXN, "rules", "activate", str(file), "--by", person, "--yes", "--data-dir", str(stack.data_dir)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)


async def alerted_s(stack: RunningStack, name: str, probes: int) -> list[float]:
    """Post so many probes, one every quarter of a second: seconds from each 202 until its alert is answered."""
    url = stack.ready["api_url"]
    async with httpx.AsyncClient(base_url=url, headers=stack.headers, timeout=ALERTED_S_MAX) as client:
        await _until_alerted(client, f"{name}-warm", repeated=True)
        waiting = []
        for number in range(probes):
            waiting.append(asyncio.create_task(_until_alerted(client, f"{name}-{number}")))
            await asyncio.sleep(PAUSE_S)
        return list(await asyncio.gather(*waiting))


async def _until_alerted(client: httpx.AsyncClient, transaction_id: str, *, repeated: bool = False) -> float:
    """Seconds until the newest alerts hold the transaction's; if `repeated`, others are posted until one has one."""
    began = time.perf_counter()
    accepted, posted, number = began, await _post(client, transaction_id), 0
    accepted = time.perf_counter()
    while time.perf_counter() - began < ALERTED_S_MAX:
        if posted in await _newest(client):
            return time.perf_counter() - accepted
        await asyncio.sleep(POLL_S)
        if repeated and time.perf_counter() - accepted > 1.0:
            number += 1
            posted, accepted = await _post(client, f"{transaction_id}-{number}"), time.perf_counter()
    raise RuntimeError("a transaction raised no alert")


async def _post(client: httpx.AsyncClient, transaction_id: str) -> str:
    body: dict[str, Any] = example_transaction() | {"transaction_id": transaction_id, "amount_minor": AMOUNT_MINOR}
    answer = await client.post("/transactions", json=body)
    answer.raise_for_status()
    return transaction_id


async def _newest(client: httpx.AsyncClient) -> set[str]:
    answer = await client.get("/alerts", params={"limit": "20"})
    answer.raise_for_status()
    return {row["transaction_id"] for row in answer.json()["data"]}
