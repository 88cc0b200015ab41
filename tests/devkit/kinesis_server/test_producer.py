"""The project's producer against the server at its worst: what it promises holds on a real connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import pytest

from devkit.kinesis_server import KinesisServer, fates
from tests.devkit.kinesis_server.builders import CLIENT_PATIENCE_S, SHARDS, STREAM, stored
from txn_core.aws.clients import Aws
from txn_core.exceptions import NotStoredError, OutcomeUnknownError
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings

CARDS: Final = 20
RECORDS: Final = 120


MakesProducer = Callable[[float], Awaitable[Producer]]


@pytest.fixture
async def producer_with(kinesis_settings: Settings) -> AsyncIterator[MakesProducer]:
    """Makes a producer with a deadline; it is closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(deadline_s: float) -> Producer:
            client = await stack.enter_async_context(
                Aws(kinesis_settings).kinesis_writer(read_timeout_s=CLIENT_PATIENCE_S)
            )
            producer = Producer(
                client, STREAM, buffer_bytes_max=1 << 20, requests_in_flight_max=4, deadline_s=deadline_s
            )
            stack.push_async_callback(producer.close, 0.0)
            return producer

        yield make


def _storm(server: KinesisServer) -> None:
    faults = server.faults
    faults.on_calls(fates.RESET_UNREAD, operation="PutRecords", rate=0.1)
    faults.on_calls(fates.RESET_STORED, operation="PutRecords", rate=0.1)
    faults.on_calls(fates.ANSWER_CUT_SHORT, operation="PutRecords", rate=0.1)
    faults.on_calls(fates.SERVER_ERROR, operation="PutRecords", rate=0.1)
    faults.on_calls(fates.ONE_RESULT_SHORT, operation="PutRecords", rate=0.1)
    faults.on_calls(fates.EXPIRED_TOKEN, operation="PutRecords", rate=0.05)
    faults.on_records(fates.RECORD_THROTTLED, rate=0.1)
    faults.on_records(fates.RECORD_FAILED_STORED, rate=0.05)
    faults.on_records(fates.RECORD_UNKNOWN_CODE, rate=0.05)
    faults.on_records(fates.LANDS_ELSEWHERE, rate=0.02)


async def test_what_is_acknowledged_in_a_storm_is_stored_where_it_was_said(
    producer_with: MakesProducer, server: KinesisServer
) -> None:
    """Every landing names the very record, also amid resets, doubles, splits and wrong counts."""
    _storm(server)
    server.stream(STREAM).when_stored(RECORDS // 3, lambda: server.split(STREAM, SHARDS[2]))
    producer = await producer_with(20.0)
    sent = [(f"card{number % CARDS}", b"%d" % number) for number in range(RECORDS)]
    async with asyncio.timeout(60):
        landings = await asyncio.gather(*(producer.put(card, data) for card, data in sent))
    by_place = {(record.shard_id, record.sequence_number): record for record in server.stream(STREAM).records()}
    for (card, data), landing in zip(sent, landings, strict=True):
        record = by_place[landing.shard_id, landing.sequence_number]
        assert (record.partition_key, record.data, record.acknowledged) == (card, data, True)
    assert len(server.faults.met) >= 5


async def test_a_cards_first_occurrences_keep_their_order(
    producer_with: MakesProducer, server: KinesisServer
) -> None:
    """Partial failures, resets and doubles do not reorder a card's records on its shard."""
    server.faults.on_calls(fates.RESET_STORED, operation="PutRecords", rate=0.2)
    server.faults.on_records(fates.RECORD_THROTTLED, rate=0.2)
    server.faults.on_records(fates.RECORD_FAILED_STORED, rate=0.1)
    producer = await producer_with(20.0)
    async with asyncio.timeout(60):
        await asyncio.gather(*(producer.put(f"card{n % CARDS}", b"%03d" % n) for n in range(100)))
    first: dict[str, dict[bytes, None]] = {}
    for record in server.stream(STREAM).records():
        first.setdefault(record.partition_key, {})[record.data] = None
    assert len(first) == CARDS
    assert all(list(data) == sorted(data) for data in first.values())


async def test_a_throttled_shard_stores_what_fits_and_the_rest_is_refused(
    producer_with: MakesProducer, server: KinesisServer
) -> None:
    """Refused means absent; the other shards store theirs."""
    for shard_id in SHARDS[:2]:
        server.stream_limits.throttle(shard_id, writes=0.0)
    producer = await producer_with(0.3)
    sent = {b"%d" % number: producer.submit(f"card{number}", b"%d" % number) for number in range(40)}
    results = dict(zip(sent, await asyncio.gather(*sent.values(), return_exceptions=True), strict=True))
    landed = {data for data, result in results.items() if isinstance(result, Landing)}
    refused = {data for data, result in results.items() if isinstance(result, NotStoredError)}
    assert refused
    assert landed == set(stored(server))
    # A record whose attempt was under way at the deadline is in doubt, and rightly so.
    assert all(isinstance(results[data], OutcomeUnknownError) for data in sent.keys() - landed - refused)


async def test_a_call_that_is_never_answered_is_honest_doubt(
    producer_with: MakesProducer, server: KinesisServer
) -> None:
    """The records are there, and nobody can know."""
    server.faults.on_calls(fates.NEVER_ANSWERED)
    producer = await producer_with(0.4)
    with pytest.raises(OutcomeUnknownError):
        await producer.put("card", b"one")
    assert b"one" in stored(server)


async def test_a_reset_after_storing_is_honest_doubt(producer_with: MakesProducer, server: KinesisServer) -> None:
    """A connection that breaks says nothing of what was stored (P4)."""
    server.faults.on_calls(fates.RESET_STORED)
    producer = await producer_with(0.4)
    with pytest.raises(OutcomeUnknownError):
        await producer.put("card", b"one")
    assert b"one" in stored(server)
