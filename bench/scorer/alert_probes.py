"""A local stack whose rules raise an alert for one amount, and how soon such an alert can be read."""

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import httpx
from devkit.running_stack import TXN, RunningStack

from bench.write_path.load.bodies import bodies

AMOUNT_MINOR: Final = 7_654_321
PAUSE_S: Final = 0.25
POLL_S: Final = 0.025
SEED: Final = 11
WARM_UPS_MAX: Final = 40
WARM_UP_PAUSE_S: Final = 1.0
ALERTED_S_MAX: Final = 60.0
_RULES: Final = f"""
[[rule]]
id = "probe"
when = "amount_minor == {AMOUNT_MINOR}"
action = "alert"
mode = "live"
owner = "carol"
expires = 2099-01-01
"""


def activate_rule(stack: RunningStack, folder: Path) -> None:
    """Let the rule hold for what comes from now on: two people ask for it, and the first probe waits for it."""
    file = folder / "rules.toml"
    file.write_text(_RULES)
    for person in ("ann", "bob"):
        command = [*TXN, "rules", "activate", str(file), "--by", person, "--yes", "--data-dir", str(stack.data_dir)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)


async def alerted_s(stack: RunningStack, name: str, probes: int) -> list[float]:
    """Post so many probes, each of a card of its own: seconds from each 202 until its alert is answered."""
    url = stack.ready["api_url"]
    async with httpx.AsyncClient(base_url=url, headers=stack.headers, timeout=ALERTED_S_MAX) as client:
        waiting = _Waiting(client)
        documents = [json.loads(body) for body in bodies(probes + WARM_UPS_MAX, seed=SEED)]
        for number, document in enumerate(documents[probes:]):  # until the rule holds
            if waiting.seconds:
                break
            await waiting.post(document, f"{name}-warm-{number:05d}")
            await waiting.look_for(WARM_UP_PAUSE_S)
        waiting.forget()
        for number, document in enumerate(documents[:probes]):
            await waiting.post(document, f"{name}-{number:05d}")
            await waiting.look_for(PAUSE_S)
        await waiting.look_for(ALERTED_S_MAX)
        return waiting.seconds + [ALERTED_S_MAX] * len(waiting.accepted)


class _Waiting:
    """The probes whose alerts were not seen yet; one look at the newest alerts at a time."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.accepted: dict[str, float] = {}
        self.seconds: list[float] = []

    def forget(self) -> None:
        """Begin with no probes."""
        self.accepted.clear()
        self.seconds.clear()

    async def post(self, document: dict[str, Any], transaction_id: str) -> None:
        """Post a probe."""
        body = document | {"transaction_id": transaction_id, "amount_minor": AMOUNT_MINOR, "currency": "USD"}
        (await self._client.post("/transactions", json=body)).raise_for_status()
        self.accepted[transaction_id] = time.perf_counter()

    async def look_for(self, seconds: float) -> None:
        """Look for alerts for so long, or until all were seen where so long is the longest that is waited."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and (self.accepted or seconds != ALERTED_S_MAX):
            answer = await self._client.get("/alerts", params={"limit": "50"})
            answer.raise_for_status()
            seen_at = time.perf_counter()
            for row in answer.json()["data"]:
                if (accepted := self.accepted.pop(row["transaction_id"], None)) is not None:
                    self.seconds.append(seen_at - accepted)
            await asyncio.sleep(POLL_S)
