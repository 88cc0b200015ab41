"""Whether the stores answer, asked sparingly."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.virtual_time import in_virtual_time
from tests.workers.test_retries import refused
from txn_api.readiness import readiness_of
from txn_core.readiness import CACHED_S, CHECK_S_MAX, SEEN_S_MAX, ReadinessChecks

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient


class Stores:
    """A stream and a table that answer after a while."""

    def __init__(self, *, after_s: float = 0.0, status: str = "ACTIVE") -> None:
        self._after_s, self._status = after_s, status
        self.asked = 0
        self.stored_s = float("-inf")

    async def list_shards(self, **_: object) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(self._after_s)
        if self._status not in {"ACTIVE", "UPDATING"}:
            raise refused("ResourceInUseException", 400)
        return {"Shards": [{"ShardId": "shardId-000000000000"}]}

    async def get_item(self, **_: object) -> dict[str, Any]:
        await asyncio.sleep(self._after_s)
        return {}

    def readiness(self) -> ReadinessChecks:
        """The checks on both."""
        kinesis, dynamodb = cast("KinesisClient", self), cast("DynamoDBClient", self)
        return readiness_of(kinesis, "stream", lambda: self.stored_s, dynamodb, "table")


@in_virtual_time
async def test_many_probes_ask_once() -> None:
    """Probes that come together share one check, and so do those of the next moments."""
    stores = Stores(after_s=0.1)
    probed = stores.readiness()
    answers = await asyncio.gather(*(probed.found() for _ in range(50)))
    assert answers == [{"kinesis": "ok", "dynamodb": "ok"}] * 50
    assert stores.asked == 1


@in_virtual_time
async def test_an_old_answer_is_asked_for_again_and_an_outage_no_sooner() -> None:
    """AWS counts the calls of all processes of an account, also while it refuses them."""
    for stores in (Stores(), Stores(status="CREATING")):
        probed = stores.readiness()
        await probed.found()
        await asyncio.sleep(0.99 * CACHED_S)
        await probed.found()
        assert stores.asked == 1
        await asyncio.sleep(0.01 * CACHED_S)
        await probed.found()
        assert stores.asked == 2


@in_virtual_time
async def test_a_process_that_stores_records_asks_nothing_of_the_stream() -> None:
    """Its own work says that the stream answers, until that is some seconds ago."""
    stores, now_s = Stores(status="DELETING"), asyncio.get_running_loop().time
    probed = stores.readiness()
    for _ in range(10):
        stores.stored_s = now_s()
        await asyncio.sleep(CACHED_S)
        assert await probed.found() == {"kinesis": "ok", "dynamodb": "ok"}
    assert stores.asked == 0
    await asyncio.sleep(SEEN_S_MAX)
    assert (await probed.found())["kinesis"] == "unavailable"


@in_virtual_time
async def test_a_store_that_does_not_answer_in_time_is_unavailable() -> None:
    """Both are waited for at once, and no longer than the deadline."""
    answer = await Stores(after_s=60.0).readiness().found()
    assert answer == {"kinesis": "unavailable", "dynamodb": "unavailable"}
    assert asyncio.get_running_loop().time() == pytest.approx(CHECK_S_MAX)


@pytest.mark.parametrize(
    ("status", "check"),
    [("ACTIVE", "ok"), ("UPDATING", "ok"), ("CREATING", "unavailable"), ("DELETING", "unavailable")],
)
async def test_a_stream_is_usable_while_it_is_resharded(status: str, check: str) -> None:
    """But neither before it is made nor while it is taken down."""
    assert (await Stores(status=status).readiness().found())["kinesis"] == check
