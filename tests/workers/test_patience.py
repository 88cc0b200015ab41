"""Everything that a drain's processor does ends with the patience of its host, and says what it waited for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.builders import arrived, position
from tests.support.virtual_time import in_virtual_time
from tests.workers.builders import ALICE, event, lease, records
from txn_core.aws.objects import ObjectStore
from txn_core.drains import INDEX
from txn_core.exceptions import OutageError
from txn_core.positions import WriteOrder
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from workers.archive.archive_drain import archive_of
from workers.archive.archive_processor import Archive
from workers.context import DrainContext
from workers.events.dead_letters import Seal
from workers.index.index_drain import index_of
from workers.index.index_processor import Index
from workers.leases.held import HeldLease
from workers.leases.ledger import Ledger, Tally, tally_of
from workers.metrics import WorkerMetrics
from workers.planned.planned_object import plan_of
from workers.retries import UNLIMITED, Patience, retry_outages

END_S = 30.0
AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
RECORDS = records(event())
ALIASED = Event.decode(event()).model_copy(update={"card_aliases": ("card_2_" + "0" * 32,)})


class Away:
    """A client of a store that does not answer once it is `away`: each call fails, or hangs."""

    def __init__(self, *, hangs: bool, away: bool = True) -> None:
        self._hangs, self.away = hangs, away

    def __getattr__(self, _: str) -> Callable[..., Awaitable[Any]]:
        return self._call

    async def _call(self, **_: Any) -> Any:
        if not self.away:
            return {"Item": {"write_shards": {"N": "1"}}}
        if self._hangs:
            await asyncio.Event().wait()
        raise AWAY


@dataclass
class Drains:
    """The drains as they are composed, over a store that is away since they were opened."""

    context: DrainContext
    index: Index
    archive: Archive
    lease: HeldLease

    @classmethod
    async def opened(cls, patience: Patience, *, hangs: bool) -> Self:
        client: Any = Away(hangs=hangs, away=False)
        context = context_of(client, patience)
        index, archive = await index_of(context), archive_of(context)
        client.away = True
        return cls(context, index, archive, HeldLease(context.leases, lease(owner=ALICE), patience=patience))


def context_of(client: Any, patience: Patience) -> DrainContext:
    settings = Settings(bucket="lake", stream="stream")
    store, seal, metrics = ObjectStore(client, "lake"), Seal(b"k" * 32), WorkerMetrics("index")
    return DrainContext(INDEX, settings, client, client, store, seal, metrics, patience)


LEDGER = Ledger("epoch", None, "7/0", leaving=tally_of(RECORDS), left_at="7/0")
WORK: Sequence[tuple[str, Callable[[Drains], Awaitable[object]]]] = [
    ("merchant", lambda drains: drains.index.write(RECORDS[0])),
    ("look for object", lambda drains: drains.archive.objects.covered_to(plan_of(RECORDS))),
    ("dead letter", lambda drains: drains.context.dead_letters.undecodable(arrived(b"{"), "no event")),
    ("ledger", lambda drains: drains.context.checkpointer.table.put_leaving(RECORDS[0].position.shard_id, LEDGER)),
    ("card ids", lambda drains: drains.index.cards.note(ALIASED)),
    ("lease", lambda drains: drains.lease.advance(position(9), Tally())),
]


@pytest.mark.parametrize("hangs", [False, True], ids=["refuses", "hangs"])
@pytest.mark.parametrize(("what", "work"), WORK, ids=[what for what, _ in WORK])
@in_virtual_time
async def test_work_ends_with_its_patience(
    what: str, work: Callable[[Drains], Awaitable[object]], *, hangs: bool
) -> None:
    clock = asyncio.get_running_loop().time
    end_s = clock() + END_S
    drains = await Drains.opened(Patience(lambda: end_s), hangs=hangs)
    with pytest.raises(OutageError, match=f"^{what}") as caught:
        await work(drains)
    assert clock() == pytest.approx(end_s)
    assert isinstance(caught.value.__cause__, TimeoutError if hangs else EndpointConnectionError)


@in_virtual_time
async def test_the_index_is_opened_within_the_patience() -> None:
    with pytest.raises(OutageError, match=r"^open index"):
        await index_of(context_of(Away(hangs=False), Patience.lasting(END_S)))


@in_virtual_time
async def test_the_index_settles_an_event_within_its_patience() -> None:
    """Also behind the merchant, whose name is remembered here."""
    clock = asyncio.get_running_loop().time
    drains = await Drains.opened(Patience.lasting(END_S), hangs=False)
    decoded = Event.decode(RECORDS[0].data)
    known = WriteOrder.of(decoded.accepted_at, position(0))
    drains.index.memory.remember(decoded.account, decoded.merchant_id, known)
    began_s = clock()
    with pytest.raises(OutageError, match=r"^index"):
        await drains.index.write(RECORDS[0])
    assert clock() == pytest.approx(began_s + END_S)


async def test_the_archive_writes_an_object_within_its_patience() -> None:
    """By the real clock, since the object is made in a thread."""
    drains = await Drains.opened(Patience.lasting(0.5), hangs=True)
    with pytest.raises(OutageError, match=r"^write object"):
        await drains.archive.write(plan_of(RECORDS), RECORDS)


@in_virtual_time
async def test_a_host_may_move_the_end() -> None:
    """One patience serves all deliveries: the deadline of the next one counts from the next attempt on."""
    clock = asyncio.get_running_loop().time
    ends = [clock() + 1.0]
    patience, calls = Patience(lambda: ends[-1]), 0

    async def call() -> str:
        nonlocal calls
        calls += 1
        if clock() < END_S:
            raise AWAY
        return "done"

    with pytest.raises(OutageError):
        await retry_outages("call", call, until=patience)
    ends.append(clock() + 2 * END_S)
    assert await retry_outages("call", call, until=patience) == "done"
    assert calls > 2


@in_virtual_time
async def test_nothing_is_begun_behind_the_end() -> None:
    begun = 0

    async def call() -> None:
        nonlocal begun
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        begun += 1

    with pytest.raises(OutageError):
        await retry_outages("call", call, until=Patience.lasting(0.0))
    assert not begun


@in_virtual_time
async def test_without_an_end_a_call_outlasts_any_outage() -> None:
    clock = asyncio.get_running_loop().time
    over_s = clock() + 12 * 3600.0

    async def call() -> str:
        if clock() < over_s:
            raise AWAY
        return "done"

    assert await retry_outages("call", call, until=UNLIMITED) == "done"
