"""Which leases belong to the stream as it is now, decided from rows and shards."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import ARRIVED_AT, position
from tests.workers.builders import lease, shard
from txn_core.positions import SequenceNumber
from txn_core.transactions.instants import instant_of
from workers.leases.belonging import Belonging, belonging, told
from workers.leases.lease import SHARD_END, Checkpoint, FlushPlan, Lease
from workers.leases.ledger import Ledger, Sum, Tally, minute_of
from workers.leases.shards import Shard
from workers.leases.stream_identity import StreamIdentity
from workers.reading.answers import UNKNOWN_ARRIVAL

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/txn"
OLD = StreamIdentity(ARN, instant_of(ARRIVED_AT))
NOW = StreamIdentity(ARN, instant_of(ARRIVED_AT + timedelta(hours=1)))
SHARDS = [Shard(shard(number), (), begins=SequenceNumber("1000")) for number in range(3)]


def sorted_by_stream(*rows: Lease) -> Belonging:
    return belonging(rows, SHARDS, NOW)


def ledger(minutes_after: float) -> Ledger:
    """A ledger of one record, which arrived so long after the old stream was created."""
    minute = minute_of(ARRIVED_AT + timedelta(minutes=minutes_after))
    return Ledger("epoch", None, "1500/0", open=Tally.of({minute: Sum(1, 1)}))


def test_an_identity_is_text_and_back() -> None:
    assert StreamIdentity.parse(str(OLD)) == OLD
    assert StreamIdentity.parse(str(replace(OLD, arn=""))) == replace(OLD, arn="")


def test_leases_of_the_stream_are_left_alone() -> None:
    rows = [lease(0, stream=NOW), lease(1, stream=NOW, checkpoint=Checkpoint(SHARD_END)), lease(7, stream=NOW)]
    assert sorted_by_stream(*rows) == Belonging(NOW)


def test_leases_of_the_stream_before_are_foreign_whatever_they_say() -> None:
    rows = [lease(0, stream=OLD), lease(1, stream=OLD, checkpoint=Checkpoint("2000"))]
    assert sorted_by_stream(*rows).foreign == tuple(rows)


@pytest.mark.parametrize(
    "row",
    [
        lease(0),
        lease(0, checkpoint=Checkpoint("1000")),
        lease(0, checkpoint=Checkpoint(SHARD_END)),
        lease(9, checkpoint=Checkpoint("5")),  # its shard has left the stream: nobody knows where it began
        lease(0, checkpoint=Checkpoint("1500"), ledger=ledger(60)),
        lease(0, ledger=replace(ledger(60), open=Tally.of({minute_of(UNKNOWN_ARRIVAL): Sum(1, 1)}))),
    ],
)
def test_a_lease_of_an_older_version_is_taken_over(row: Lease) -> None:
    assert sorted_by_stream(row) == Belonging(NOW, unmarked=(row,))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(lease(0, checkpoint=Checkpoint("999")), id="a checkpoint before the shard"),
        pytest.param(lease(0, checkpoint=Checkpoint(SHARD_END), ledger=ledger(58)), id="arrivals before the stream"),
        pytest.param(
            lease(9, plan=FlushPlan(position(1500), position(1501), OLD.created_at, 2)), id="a plan of before it"
        ),
        pytest.param(
            lease(0, ledger=replace(ledger(60), leaving=Tally.of({minute_of(ARRIVED_AT): Sum(1, 1)}))),
            id="minutes on their way out of the row",
        ),
    ],
)
def test_an_older_lease_that_tells_of_another_stream_makes_all_of_them_foreign(row: Lease) -> None:
    """Workers of one version made them all, and a row that is done tells nothing by itself."""
    silent, marked = lease(1, checkpoint=Checkpoint(SHARD_END)), lease(2, stream=NOW)
    assert sorted_by_stream(silent, row, marked) == Belonging(NOW, foreign=(silent, row))


def test_a_record_of_the_stream_s_first_minute_is_its_own() -> None:
    """Minutes and creation are told apart no finer than a minute."""
    row = lease(0, ledger=ledger(60))
    late = StreamIdentity(ARN, instant_of(ARRIVED_AT + timedelta(hours=1, seconds=1)))
    assert belonging([row], SHARDS, late).unmarked == (row,)


def test_it_is_told_what_has_happened_and_what_to_do() -> None:
    row = lease(0, stream=OLD)
    said = told(sorted_by_stream(row), "index", "txn")
    assert said == (
        f"stream txn was made again at {NOW.created_at}: the leases of the index worker (1) belong to the one made "
        f"at {OLD.created_at}; nothing is read for the index until `txn leases reset index`"
    )
    assert told(sorted_by_stream(), "index", "txn") == ""
    other = StreamIdentity(ARN.replace("txn", "other"), OLD.created_at)
    assert "belong to another stream than txn: to arn:" in told(
        sorted_by_stream(lease(0, stream=other)), "index", "txn"
    )
    older = replace(NOW, created_at=OLD.created_at)
    assert "not to the one of" in told(belonging([lease(0, stream=NOW)], [], older), "archive", "txn")
    silent = lease(0, checkpoint=Checkpoint("999"))
    assert "tell of records from before" in told(sorted_by_stream(silent), "archive", "txn")
