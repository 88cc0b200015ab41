"""Answers of Kinesis that lack members: what is there is used, and no shard stands still for what is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from devkit.kinesis_server import KinesisServer, kinesis_server
from tests.workers.builders import event
from tests.workers.conftest import StackFixture, until, world_of
from txn_core.aws.errors import is_passing
from txn_core.settings import Settings
from workers.reading.answers import (
    UNKNOWN_ARRIVAL,
    BrokenAnswerError,
    arrival_of,
    data_of,
    raw_records,
    required,
    sequence_number_of,
)


@pytest.mark.parametrize("record", [{}, {"SequenceNumber": None}, {"SequenceNumber": ""}, {"SequenceNumber": "4x"}])
def test_a_record_without_its_place_breaks_the_answer(record: dict[str, Any]) -> None:
    """Nothing could be said of it: no checkpoint, no row, no letter. The answer is asked for again."""
    with pytest.raises(BrokenAnswerError) as caught:
        raw_records({"Records": [{"SequenceNumber": "1"}, record]})
    assert is_passing(caught.value)


def test_what_a_record_lacks_besides_is_none() -> None:
    assert sequence_number_of({"SequenceNumber": "42"}) == "42"
    assert data_of({}) == data_of({"Data": None}) == b""
    assert arrival_of({}) == arrival_of({"ApproximateArrivalTimestamp": None}) == UNKNOWN_ARRIVAL


def test_an_arrival_is_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=1)))
    arrived_at = arrival_of({"ApproximateArrivalTimestamp": moment})
    assert (arrived_at, arrived_at.tzinfo) == (moment, UTC)


def test_an_answer_without_records_holds_none() -> None:
    assert list(raw_records({})) == []


def test_what_an_answer_is_about_is_required() -> None:
    with pytest.raises(BrokenAnswerError, match="ShardIterator"):
        required({}, "ShardIterator")


@asynccontextmanager
async def world_that_lacks(settings: Settings, *members: str) -> AsyncIterator[tuple[StackFixture, KinesisServer]]:
    """A world whose stream answers records without some members."""
    async with kinesis_server() as server, world_of(settings, kinesis_endpoint_url=server.url) as world:
        server.faults.left_out = frozenset(members)
        yield world, server


@pytest.mark.parametrize("members", [("PartitionKey",), ("PartitionKey", "ApproximateArrivalTimestamp")])
async def test_events_are_kept_whatever_their_records_lack(settings: Settings, members: tuple[str, ...]) -> None:
    """Both views hold every event, both say so of the same positions, and what is none is set apart."""
    async with world_that_lacks(settings, *members) as (world, _):
        await world.send(event())
        (poison,) = await world.send(b"poison")
        await world.send_aggregate(event(), event(), event())
        await world.send(event())
        await world.drain("index", "archive")
        await world.assert_lake_exact(poison=[poison])
        del world.sent[poison]
        await world.assert_index_exact()
        assert [letter.data for letter in await world.dead_letters()] == [b"poison"] * 2
        assert await world.ledger("index") == await world.ledger("archive") == await world.arrival_minutes()


async def test_a_record_without_data_is_a_dead_letter(settings: Settings) -> None:
    async with world_that_lacks(settings, "Data") as (world, server):
        positions = await world.send(event(), event())
        await world.drain("index", "archive")
        dead_letters = await world.dead_letters()
        assert sorted((x.origin.worker, str(x.origin.position)) for x in dead_letters) == sorted(
            (worker, str(place)) for worker in ("index", "archive") for place in positions
        )
        assert {letter.data for letter in dead_letters} == {b""}
        server.faults.clear()
        world.sent.clear()
        await world.send(event())
        await world.drain("index", "archive")
        await world.assert_lake_exact()


async def test_an_answer_without_places_is_waited_out(settings: Settings) -> None:
    async with world_that_lacks(settings, "SequenceNumber") as (world, server):
        await world.send(event(), event())
        async with world.working("archive"):
            asked = server.requests["GetRecords"]
            await until(lambda: _asked(server, asked + 2))
            assert await world.lake() == []
            server.faults.clear()
            await until(lambda: world.drained("archive"))
        await world.assert_lake_exact()


async def _asked(server: KinesisServer, times: int) -> bool:
    await asyncio.sleep(0)
    return server.requests["GetRecords"] >= times
