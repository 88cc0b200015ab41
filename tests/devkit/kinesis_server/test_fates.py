"""Each thing that may go wrong, as the project's own client sees it, and what the stream holds afterwards."""

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from devkit.kinesis_server.fates import CallFate, RecordFate

from devkit.kinesis_server import KinesisServer, Latency, fates
from tests.devkit.kinesis_server.builders import (
    CLIENT_PATIENCE_S,
    SHARDS,
    STREAM,
    acknowledged,
    error_of,
    put,
    stored,
)

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

# aiobotocore calls a reset "could not connect", as if nothing had been sent, also when it comes after storing.
RESET: Final = (EndpointConnectionError, ConnectionClosedError)


async def test_what_went_well_is_stored_and_acknowledged(client: "KinesisClient", server: KinesisServer) -> None:
    """The server remembers that its answer went out."""
    answer = await put(client, b"a", b"b")
    assert answer["FailedRecordCount"] == 0
    assert sorted(stored(server)) == sorted(acknowledged(server)) == [b"a", b"b"]
    numbers = {record.sequence_number for record in server.stream(STREAM).records()}
    assert numbers == {result["SequenceNumber"] for result in answer["Records"]}
    assert server.requests == {"PutRecords": 1}


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize(
    ("fate", "is_stored"), [(fates.RESET_UNREAD, False), (fates.RESET_STORED, True), (fates.ANSWER_CUT_SHORT, True)]
)
async def test_a_connection_that_breaks_leaves_doubt(
    client: "KinesisClient", server: KinesisServer, fate: CallFate, *, is_stored: bool, used_before: bool
) -> None:
    """The client's error is of the same kind whether the records are stored or not."""
    if used_before:
        await client.describe_stream_summary(StreamName=STREAM)
    server.faults.on_calls(fate, operation="PutRecords", times=1)
    with pytest.raises(RESET):
        await put(client, b"doubtful")
    assert (stored(server), acknowledged(server)) == ([b"doubtful"] if is_stored else [], [])
    await put(client, b"next")
    assert acknowledged(server) == [b"next"]


@pytest.mark.parametrize("fate", [fates.NEVER_ANSWERED, fates.answered_late(2 * CLIENT_PATIENCE_S)])
async def test_an_answer_beyond_the_clients_patience_leaves_doubt(
    client: "KinesisClient", server: KinesisServer, fate: CallFate
) -> None:
    """The records are stored at once, and their acknowledgement reaches nobody."""
    server.faults.on_calls(fate, times=1)
    with pytest.raises(ReadTimeoutError):
        await put(client, b"doubtful")
    assert (stored(server), acknowledged(server)) == ([b"doubtful"], [])


async def test_a_call_may_be_carried_out_after_its_client_gave_up(
    client: "KinesisClient", server: KinesisServer
) -> None:
    """And after the same records were sent again: they stand twice, the older attempt behind the younger."""
    server.faults.on_calls(fates.carried_out_late(2 * CLIENT_PATIENCE_S), times=1)
    with pytest.raises(ReadTimeoutError):
        await put(client, b"card's first")
    assert stored(server) == []
    await put(client, b"card's first")
    await put(client, b"card's second")
    await server.until(lambda: len(stored(server)) == 3)
    assert stored(server) == [b"card's first", b"card's second", b"card's first"]
    assert len(acknowledged(server)) == 2


@pytest.mark.parametrize(
    ("fate", "code", "status", "is_stored"),
    [
        (fates.SERVER_ERROR, "InternalFailure", 500, False),
        (fates.SERVER_ERROR_STORED, "InternalFailure", 500, True),
        (fates.UNAVAILABLE, "ServiceUnavailable", 503, False),
        (fates.EXPIRED_TOKEN, "ExpiredTokenException", 400, False),
        (fates.ACCESS_DENIED, "AccessDeniedException", 400, False),
        (fates.STREAM_GONE, "ResourceNotFoundException", 400, False),
        (fates.KMS_DISABLED, "KMSDisabledException", 400, False),
        (fates.KMS_THROTTLING, "KMSThrottlingException", 400, False),
        (fates.CALL_THROTTLED, "ProvisionedThroughputExceededException", 400, False),
        (fates.failing("KMSAccessDeniedException"), "KMSAccessDeniedException", 400, False),
        (fates.failing("NeverHeardOf", status=418), "NeverHeardOf", 418, False),
    ],
)
async def test_a_call_may_end_in_any_error(
    client: "KinesisClient", server: KinesisServer, fate: CallFate, code: str, status: int, *, is_stored: bool
) -> None:
    """The client sees code and status; the records are stored only if the fate says so."""
    server.faults.on_calls(fate, times=1)
    with pytest.raises(ClientError) as caught:
        await put(client, b"a")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert (stored(server), acknowledged(server)) == ([b"a"] if is_stored else [], [])
    assert (server.errors, server.faults.met) == ({code: 1}, {fate.name: 1})


@pytest.mark.parametrize(("fate", "results"), [(fates.ONE_RESULT_SHORT, 2), (fates.ONE_RESULT_MORE, 4)])
async def test_an_answer_may_count_wrong(
    client: "KinesisClient", server: KinesisServer, fate: CallFate, results: int
) -> None:
    """All records are stored, and the answer acknowledges none of them."""
    server.faults.on_calls(fate, times=1)
    answer = await put(client, b"a", b"b", b"c")
    assert len(answer["Records"]) == results
    assert (len(stored(server)), acknowledged(server)) == (3, [])


async def test_a_wrong_count_spares_answers_without_results(client: "KinesisClient", server: KinesisServer) -> None:
    """There is nothing to count in them."""
    server.faults.on_calls(fates.ONE_RESULT_SHORT)
    assert (await client.list_shards(StreamName=STREAM))["Shards"]


async def test_some_records_of_a_call_may_fail(client: "KinesisClient", server: KinesisServer) -> None:
    """By a function: each is answered on its own, and only what is answered with a number is acknowledged."""
    by_data: dict[bytes, RecordFate] = {b"b": fates.RECORD_FAILED, b"d": fates.RECORD_FAILED_STORED}
    server.faults.on_records(lambda incoming: by_data.get(incoming.record.data))
    answer = await put(client, b"a", b"b", b"c", b"d")
    assert answer["FailedRecordCount"] == 2
    assert [result.get("ErrorCode") for result in answer["Records"]] == [
        None,
        "InternalFailure",
        None,
        "InternalFailure",
    ]
    assert sorted(stored(server)) == [b"a", b"c", b"d"]
    assert sorted(acknowledged(server)) == [b"a", b"c"]


async def test_records_fail_at_a_rate(client: "KinesisClient", server: KinesisServer) -> None:
    """About as many as it says, and all others are stored."""
    server.faults.on_records(fates.record_failing("KMSThrottlingException"), rate=0.2)
    answer = await put(client, *[b"x"] * 400, keys=["key"] * 400)
    assert 50 < answer["FailedRecordCount"] < 110
    assert len(stored(server)) == 400 - answer["FailedRecordCount"]
    assert server.faults.met["KMSThrottlingException"] == answer["FailedRecordCount"]


async def test_answers_take_as_long_as_told(client: "KinesisClient", server: KinesisServer) -> None:
    """The call has its effect at once; concurrent calls wait side by side."""
    server.faults.latency = Latency(0.05, 0.01)
    loop = asyncio.get_running_loop()
    began = loop.time()
    calls = [asyncio.create_task(put(client, b"x")) for _ in range(5)]
    await server.until(lambda: len(stored(server)) == 5)
    assert acknowledged(server) == []
    await asyncio.gather(*calls)
    assert loop.time() - began >= 0.05
    assert len(acknowledged(server)) == 5


async def test_reading_has_its_own_faults(client: "KinesisClient", server: KinesisServer) -> None:
    """Throttled, expired, failed: each once, and the reader goes on."""
    await put(client, b"a", keys=["key"])
    shard_id = next(server.stream(STREAM).records()).shard_id
    iterator = (
        await client.get_shard_iterator(StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON")
    )["ShardIterator"]
    server.faults.on_calls(fates.CALL_THROTTLED, operation="GetRecords", times=1)
    server.faults.on_calls(fates.SERVER_ERROR, operation="GetRecords", times=1)
    assert await error_of(client.get_records(ShardIterator=iterator)) == "ProvisionedThroughputExceededException"
    assert await error_of(client.get_records(ShardIterator=iterator)) == "InternalFailure"
    assert [r["Data"] for r in (await client.get_records(ShardIterator=iterator))["Records"]] == [b"a"]
    server.account.expire_iterators()
    assert await error_of(client.get_records(ShardIterator=iterator)) == "ExpiredIteratorException"


async def test_a_stale_map_meets_a_reshard(client: "KinesisClient", server: KinesisServer) -> None:
    """A record with the hash key of a shard that was split meanwhile lands on a child, which is success."""
    server.split(STREAM, SHARDS[0])
    answer = await client.put_record(StreamName=STREAM, Data=b"a", PartitionKey="k", ExplicitHashKey="0")
    assert answer["ShardId"] == SHARDS[4]
    server.merge(STREAM, SHARDS[5], SHARDS[1])
    listed = (await client.list_shards(StreamName=STREAM))["Shards"]
    assert listed[-1]["ParentShardId"] == SHARDS[5]
    assert listed[-1]["AdjacentParentShardId"] == SHARDS[1]


async def test_a_whole_shard_family_is_read_by_the_client(client: "KinesisClient", server: KinesisServer) -> None:
    """From the parent's end to its children, all as botocore understands it."""
    for number, shards in enumerate((SHARDS[0], SHARDS[4])):
        await client.put_record(StreamName=STREAM, Data=b"%d" % number, PartitionKey="k", ExplicitHashKey="0")
        server.split(STREAM, shards)
    await client.put_record(StreamName=STREAM, Data=b"2", PartitionKey="k", ExplicitHashKey="0")
    waiting, found = [SHARDS[0]], []
    while waiting:
        shard_id = waiting.pop()
        answer = await client.get_shard_iterator(
            StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )
        page = await client.get_records(ShardIterator=answer["ShardIterator"])
        assert page["MillisBehindLatest"] == 0
        assert ("NextShardIterator" in page) is (not page.get("ChildShards"))
        found += [record["Data"] for record in page["Records"]]
        waiting += [child["ShardId"] for child in page.get("ChildShards", [])]
    assert found == [b"0", b"1", b"2"]


async def test_an_error_of_an_operation_reaches_the_client(client: "KinesisClient", server: KinesisServer) -> None:
    """With AWS's type."""
    assert await error_of(client.describe_stream_summary(StreamName="none")) == "ResourceNotFoundException"
    assert await error_of(client.create_stream(StreamName=STREAM, ShardCount=1)) == "ResourceInUseException"
    assert server.errors == {"ResourceNotFoundException": 1, "ResourceInUseException": 1}


async def test_a_cancelled_wait_does_not_stand_in_the_way(client: "KinesisClient", server: KinesisServer) -> None:
    """Whoever gives up waiting for a condition is forgotten."""
    waiting = asyncio.create_task(server.until(lambda: len(stored(server)) == 1))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await put(client, b"a")
    assert acknowledged(server) == [b"a"]
