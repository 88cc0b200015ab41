"""Two processes on servers that refuse, delay, repeat and lose calls, and clients that send again: one answer a key.

`make races` runs it; the tests have the same in virtual time (`tests/txn_api/writes/test_idempotency.py`).
"""

import asyncio
import os
import random
from pathlib import Path
from typing import Final

import pytest

from tests.builders import body, card_number
from tests.chaos.calls import Call, Request
from tests.chaos.faults import EVERYWHERE, Fate
from tests.races.served import Client, Told, client_of, on_stream, proxied, serving
from tests.workers.conftest import world_of
from txn_core.settings import Settings

KEYS: Final = int(os.environ.get("RACE_ROUNDS") or 0)
ATTEMPTS: Final = 6
FAULTY: Final = frozenset({"PutItem", "GetItem", "PutRecords"})
SHARE: Final = 0.3
REFUSALS: Final = frozenset({"idempotency_key_reused"})


class Faults:
    """Something goes wrong with some of the calls that matter."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.quiet = True

    def call(self, sender: str, service: str, request: Request) -> Call:
        return Call(sender, service, request.target.rpartition(".")[2])

    def fate(self, call: Call) -> Fate | None:
        if self.quiet or call.step not in FAULTY or self._rng.random() > SHARE:
            return None
        return self._rng.choice(EVERYWHERE)

    async def before(self, call: Call) -> None:
        """Nothing."""

    async def after(self, call: Call, status: int) -> None:
        """Nothing."""


@pytest.mark.skipif(not KEYS, reason="minutes long; `make races`")
@pytest.mark.timeout(3_600)
async def test_whatever_is_lost_a_key_has_one_answer(settings: Settings, tmp_path: Path) -> None:
    """All that is told under a key is the same, and all that is on the stream for it is one transaction."""
    quick = {"request_deadline_s": 1.5, "put_timeout_s": 0.8, "idempotency_timeout_s": 1.0}
    one, other, rng = Faults(1), Faults(2), random.Random(3)
    async with (
        world_of(settings, **quick) as world,
        client_of(world) as client,
        proxied(world.settings, one) as first,
        proxied(world.settings, other) as second,
        serving(first, tmp_path, "one") as api,
        serving(second, tmp_path, "other") as neighbour,
    ):
        one.quiet = other.quiet = False
        slots = asyncio.Semaphore(8)

        async def beset(number: int) -> list[Told]:
            async with slots:
                return await _beset(client, [api.url, neighbour.url], number, random.Random(rng.random()))

        told = await asyncio.gather(*(beset(number) for number in range(KEYS)))
        one.quiet = other.quiet = True
        last = [await client.settle(api.url, sent(number), f"key-{number}") for number in range(KEYS)]
        events = await on_stream(world)
    for number, (each, final) in enumerate(zip(told, last, strict=True)):
        assert {answer.content for answer in each if answer.status == 202} <= {final.content}, number
        found = events.pop(final.document["transaction_id"])
        assert {event["amount_minor"] for event in found} == {number}
        assert any(event["accepted_at"] == final.document["accepted_at"] for event in found)
    assert not events


def sent(number: int, *, amount: int | None = None) -> dict[str, object]:
    """The body of a key."""
    return body(
        transaction_id=..., card_number=card_number(number), amount_minor=number if amount is None else amount
    )


async def _beset(client: Client, urls: list[str], number: int, rng: random.Random) -> list[Told]:
    """Send the same again and again, to either process and at once, and when it is bound for sure another body."""
    key = f"key-{number}"
    told: list[Told] = []
    for _ in range(ATTEMPTS):
        told += await asyncio.gather(*(client.post(rng.choice(urls), sent(number), key) for _ in range(3)))
        if any(answer.status == 202 for answer in told):
            other = await client.post(rng.choice(urls), sent(number, amount=10**6), key)
            assert other.status in {0, 503} or other.code in REFUSALS, other
        await asyncio.sleep(rng.uniform(0, 1))
    return told
