"""A command waits for a store for seconds, not for ever."""

import asyncio

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from operations.patience import PATIENCE_S, briefly
from tests.support.virtual_time import in_virtual_time

AWAY = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@in_virtual_time
async def test_a_store_that_stays_away_is_given_up_after_some_seconds() -> None:
    async def call() -> None:
        raise AWAY

    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(EndpointConnectionError):
        await briefly("call", call)
    assert clock() - began == pytest.approx(PATIENCE_S)


@in_virtual_time
async def test_a_slow_answer_is_waited_for() -> None:
    """A long list of a store that works is no outage."""

    async def call() -> str:
        await asyncio.sleep(10 * PATIENCE_S)
        return "there"

    assert await briefly("call", call) == "there"


@in_virtual_time
async def test_a_store_that_comes_back_is_waited_for() -> None:
    left = [AWAY] * 3

    async def call() -> str:
        if left:
            raise left.pop()
        return "there"

    assert await briefly("call", call) == "there"


@in_virtual_time
async def test_what_does_not_pass_is_raised_at_once() -> None:
    async def call() -> None:
        raise NoCredentialsError

    began = asyncio.get_running_loop().time()
    with pytest.raises(NoCredentialsError):
        await briefly("call", call)
    assert asyncio.get_running_loop().time() == began
