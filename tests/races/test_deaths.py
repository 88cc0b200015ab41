"""A process that is killed at each step of a request with a key: the retry, at another process, comes to one effect.

`make races` kills at all steps; the tests at the worst one, at which the stream has the transaction and nobody else
knows.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.builders import body
from tests.chaos.calls import Call, Request
from tests.chaos.faults import CUT, Fate
from tests.races.served import Served, client_of, on_stream, proxied, serving
from tests.workers.conftest import StackFixture, world_of
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    """A call at which the process dies, the first or the second of its kind, and what its retry finds."""

    name: str
    operation: str
    number: int
    carried_out: bool
    events: int = 1  # that the stream has in the end
    replayed: bool = False
    bound: bool = True  # the key is bound to the body already


STEPS: Final = (
    Step("before the claim", "PutItem", 1, carried_out=False, bound=False),
    Step("behind the claim", "PutItem", 1, carried_out=True),
    Step("before the put", "PutRecords", 1, carried_out=False),
    Step("behind the put", "PutRecords", 1, carried_out=True, events=2),
    Step("before the answer is kept", "PutItem", 2, carried_out=False, events=2),
    Step("behind the answer's keeping", "PutItem", 2, carried_out=True, replayed=True),
)
WORST: Final = STEPS[3]
KILLED_AT: Final = STEPS if os.environ.get("RACE_ROUNDS") else (WORST,)


class Assassin:
    """Kills a process at a step: before its call is passed on, or when it was carried out."""

    def __init__(self, step: Step) -> None:
        self._step, self._seen = step, 0
        self.victim: Served | None = None

    def call(self, sender: str, service: str, request: Request) -> Call:
        return Call(sender, service, request.target.rpartition(".")[2])

    def fate(self, call: Call) -> Fate | None:
        if call.step != self._step.operation:
            return None
        self._seen += 1
        return CUT if self._is_now(call) and not self._step.carried_out and self._kill() else None

    async def before(self, call: Call) -> None:
        """Nothing: it is decided with the fate."""

    async def after(self, call: Call, status: int) -> None:
        if self._is_now(call) and self._kill():
            assert self.victim is not None
            await self.victim.child.ended()

    def _is_now(self, call: Call) -> bool:
        return call.step == self._step.operation and self._seen == self._step.number

    def _kill(self) -> bool:
        assert self.victim is not None
        self.victim.kill()
        return True


@asynccontextmanager
async def doomed(world: StackFixture, step: Step, folder: Path) -> AsyncIterator[Served]:
    """A process that dies at a step."""
    assassin = Assassin(step)
    async with proxied(world.settings, assassin) as settings, serving(settings, folder, f"doomed {step.name}") as one:
        assassin.victim = one
        yield one


@pytest.mark.timeout(600)
async def test_the_retry_of_a_request_whose_process_died_comes_to_the_same(
    settings: Settings, tmp_path: Path
) -> None:
    """Its answer is the key's from then on; on the stream is nothing but that one transaction, twice at worst."""
    quick = {"request_deadline_s": 1.0, "put_timeout_s": 0.9, "idempotency_timeout_s": 0.5}
    async with (
        world_of(settings, **quick) as world,
        client_of(world) as client,
        serving(world.settings, tmp_path) as healthy,
    ):

        async def die_at(step: Step) -> str:
            key, sent = step.name, body(transaction_id=..., amount_minor=1)
            async with doomed(world, step, tmp_path) as one:
                assert (await client.post(one.url, sent, key)).code == "no answer"
            if step.bound:
                other = await client.settle(healthy.url, sent | {"amount_minor": 2}, key)
                assert other.code == "idempotency_key_reused"
            told = await client.settle(healthy.url, sent, key)
            assert told.code == ("replayed" if step.replayed else "accepted"), step
            again = await client.post(healthy.url, sent, key)
            assert (again.code, again.content) == ("replayed", told.content)
            return str(told.document["transaction_id"])

        ids = await asyncio.gather(*(die_at(step) for step in KILLED_AT))
        events = await on_stream(world)
    for step, transaction_id in zip(KILLED_AT, ids, strict=True):
        assert len(events[transaction_id]) == step.events, step
        assert {event["amount_minor"] for event in events[transaction_id]} == {1}
    assert len(events) == len(ids)
