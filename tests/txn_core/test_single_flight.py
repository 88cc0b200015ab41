"""One read for all who ask at the same time, with its errors and its bound."""

import asyncio

import pytest

from tests.support.virtual_time import in_virtual_time
from txn_core.single_flight import SingleFlight

READ_S_MAX = 5.0


class Store:
    """Answers a second later, or with an error; a key `slow` takes longer than allowed."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.error: Exception | None = None

    async def get(self, key: str) -> str:
        self.read.append(key)
        await asyncio.sleep(100.0 if key == "slow" else 1.0)
        if self.error:
            raise self.error
        return f"{key} {len(self.read)}"


@in_virtual_time
async def test_those_who_ask_at_the_same_time_share_a_read() -> None:
    """Also who comes while it is under way; another key has a read of its own."""
    store = Store()
    reads = SingleFlight(store.get, READ_S_MAX)
    first = [asyncio.create_task(reads.get("a")) for _ in range(50)]
    other = asyncio.create_task(reads.get("b"))
    await asyncio.sleep(0.9)
    late = asyncio.create_task(reads.get("a"))
    assert await asyncio.gather(*first, late) == ["a 2"] * 51
    assert await other == "b 2"
    assert store.read == ["a", "b"]


@in_virtual_time
async def test_nothing_is_kept_of_a_read() -> None:
    """Who comes afterwards reads again, also after an error, which all that waited for it have seen."""
    store = Store()
    reads = SingleFlight(store.get, READ_S_MAX)
    store.error = ConnectionError()
    answers = await asyncio.gather(*(reads.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    store.error = None
    assert [await reads.get("a"), await reads.get("a")] == ["a 2", "a 3"]
    assert not reads._under_way


@in_virtual_time
async def test_one_who_is_cancelled_leaves_the_read_to_the_others() -> None:
    """The first, too, for whom it was begun."""
    store = Store()
    reads = SingleFlight(store.get, READ_S_MAX)
    first, second = (asyncio.create_task(reads.get("a")) for _ in range(2))
    await asyncio.sleep(0.5)
    first.cancel()
    assert await second == "a 1"
    assert first.cancelled()


@in_virtual_time
async def test_a_read_whose_callers_are_all_gone_ends_by_itself() -> None:
    """Its error troubles nobody: the event loop hears of none."""
    store = Store()
    store.error = ConnectionError()
    reads = SingleFlight(store.get, READ_S_MAX)
    only = asyncio.create_task(reads.get("a"))
    await asyncio.sleep(0.5)
    only.cancel()
    await asyncio.sleep(1.0)
    assert not reads._under_way


@in_virtual_time
async def test_a_read_has_a_bound() -> None:
    """All who wait are told, and the next one tries again."""
    store = Store()
    reads = SingleFlight(store.get, READ_S_MAX)
    began_at = asyncio.get_running_loop().time()
    answers = await asyncio.gather(*(reads.get("slow") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError] * 3
    assert asyncio.get_running_loop().time() - began_at == READ_S_MAX
    with pytest.raises(TimeoutError):
        await reads.get("slow")
    assert len(store.read) == 2
