"""What it looks like when a store cannot be reached."""

import asyncio

import pytest

from txn_api.problems import StoreUnavailable
from txn_api.stores import store_reads


async def test_a_read_that_does_not_end_is_ended() -> None:
    """Waiting for one of the client's connections has no time-out of its own: the client is told to come back."""
    with pytest.raises(StoreUnavailable) as told:
        async with store_reads(deadline_s=0.01):
            await asyncio.Event().wait()
    assert told.value.headers["Retry-After"]


async def test_a_fault_of_ours_is_not_the_stores() -> None:
    """It goes on as it is, and a cancelled read is cancelled."""
    with pytest.raises(KeyError):
        async with store_reads():
            raise KeyError
    with pytest.raises(asyncio.CancelledError):
        async with store_reads():
            raise asyncio.CancelledError
