"""64 posts at once, the same or of other content, under one key or one id, at two processes: one effect each.

`make races` runs 200 rounds.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.builders import body, card_number
from tests.races.served import Client, Told, client_of, on_stream, serving
from tests.workers.conftest import until, world_of
from txn_core.settings import Settings

ROUNDS: Final = int(os.environ.get("RACE_ROUNDS") or 1)
AT_ONCE: Final = 64
LATECOMERS: Final = 4
DRAINED_S_MAX: Final = 1_200.0


async def volley(client: Client, url: str, bodies: Sequence[dict[str, Any]], key: str | None) -> list[Told]:
    """All at once."""
    return await asyncio.gather(*(client.post(url, each, key) for each in bodies))


def same(number: int, **changes: Any) -> list[dict[str, Any]]:
    """64 times the same."""
    return [body(card_number=card_number(number), **changes)] * AT_ONCE


def different(number: int, **changes: Any) -> list[dict[str, Any]]:
    """64 that contradict each other."""
    return [body(card_number=card_number(number), amount_minor=amount, **changes) for amount in range(AT_ONCE)]


def codes(told: Sequence[Told]) -> Counter[str]:
    """What was told, and how often."""
    return Counter(each.code for each in told)


def id_of(told: Sequence[Told]) -> str:
    """The one transaction id that was told."""
    (transaction_id,) = {each.document["transaction_id"] for each in told if each.status == 202}
    return str(transaction_id)


async def same_under_one_key(client: Client, url: str, number: int) -> str:
    """One new answer; the others are that one, or 409, and whoever comes back gets it."""
    key, bodies = f"same-{number}", same(number, transaction_id=...)
    told = await volley(client, url, bodies, key)
    found = codes(told)
    assert found["accepted"] == 1, found
    assert found["replayed"] + found["idempotency_key_in_flight"] == AT_ONCE - 1, found
    again = await asyncio.gather(*(client.settle(url, bodies[0], key) for _ in range(LATECOMERS)))
    assert codes(again) == {"replayed": LATECOMERS}
    assert len({each.content for each in [*told, *again] if each.status == 202}) == 1
    return id_of(told)


async def different_under_one_key(client: Client, url: str, number: int) -> str:
    """One is taken, and all others are refused, then and later."""
    key, bodies = f"different-{number}", different(number, transaction_id=...)
    told = await volley(client, url, bodies, key)
    assert codes(told) == {"accepted": 1, "idempotency_key_reused": AT_ONCE - 1}
    taken = next(n for n, each in enumerate(told) if each.status == 202)
    assert (await client.post(url, bodies[taken], key)).content == told[taken].content
    assert (await client.post(url, bodies[taken - 1], key)).code == "idempotency_key_reused"
    return id_of(told)


async def under_one_id(client: Client, url: str, bodies: Sequence[dict[str, Any]]) -> str:
    """Without a key each is accepted: the id makes them one later."""
    told = await volley(client, url, bodies, None)
    assert codes(told) == {"accepted": AT_ONCE}
    return id_of(told)


@pytest.mark.timeout(3_600)
async def test_one_key_or_one_id_is_one_transaction(settings: Settings, tmp_path: Path) -> None:
    """On the stream once under a key; in the index once in any case, with what contradicts it noted."""
    once, repeated, contradicted = list[str](), list[str](), list[str]()
    # On a busy machine 64 calls at once take the local table seconds.
    settings = settings.model_copy(update={"api_processes": 2, "idempotency_timeout_s": 20.0})
    async with (
        world_of(settings, stream_shards=2) as world,
        client_of(world) as client,
        serving(world.settings, tmp_path) as api,
    ):
        for number in range(ROUNDS):
            once += [
                await same_under_one_key(client, api.url, number),
                await different_under_one_key(client, api.url, number),
            ]
            repeated.append(await under_one_id(client, api.url, same(number, transaction_id=f"same-id-{number}")))
            contradicted.append(
                await under_one_id(client, api.url, different(number, transaction_id=f"different-id-{number}"))
            )
        events = await on_stream(world)
        assert [len(events[transaction_id]) for transaction_id in once] == [1] * len(once)
        assert all(len(events[transaction_id]) == AT_ONCE for transaction_id in [*repeated, *contradicted])
        assert len(events) == 4 * ROUNDS

        async with world.working("index"):
            await until(lambda: world.drained("index"), within_s=DRAINED_S_MAX)
        noted = {
            transaction_id: len((await client.get(api.url, transaction_id))["conflicts"]) for transaction_id in events
        }
        assert noted == dict.fromkeys([*once, *repeated], 0) | dict.fromkeys(contradicted, AT_ONCE - 1)
