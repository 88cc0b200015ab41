"""Promise P8 between keys: what a quiet post waits for beside a bad neighbour is bounded, however loud that is."""

import pytest
from bench.counted.keys import TURNS, long, refused
from bench.counted.neighbours import Neighbour, Reads, Uploads
from bench.counted.quiet import Ways, beside, way_in, way_out

from bench.counted import keys
from tests.bench.counted.repeats import repeated
from txn_api.writes.batch import BYTES_A_TURN
from txn_api.writes.bulk_upload import BYTES_A_ROW, LINES_A_ROW

SECONDS = 0.1
CONNECTIONS = 32


def ways(neighbour: Neighbour | None) -> Ways:
    """A short run."""
    return beside(neighbour, seconds=SECONDS)


@pytest.mark.parametrize("times", [10, 1_000])
def test_of_a_key_over_its_limit_each_connection_is_served_once(times: int) -> None:
    """Before a quiet post is with the producer, and before it is answered, however much more than allowed is sent."""
    run = ways(refused(times=times, connections=CONNECTIONS))
    for way in (way_in, way_out):
        assert run.most(way).requests <= CONNECTIONS
        assert run.most(way).turns <= TURNS[way]


def test_requests_that_come_in_one_packet_wait_for_each_other_and_hold_up_nobody() -> None:
    """Of a hundred in a row on each connection one is served in a turn at most."""
    run = ways(refused(times=100, connections=CONNECTIONS, pipelined=100))
    for way in (way_in, way_out):
        assert run.most(way).requests <= CONNECTIONS * TURNS[way]


def test_a_turn_admits_few_of_the_largest_bodies() -> None:
    """So that what has landed is answered between them."""
    assert ways(keys.large()).most(way_out).body_bytes <= TURNS[way_out] * (BYTES_A_TURN + keys.LONG)


@pytest.mark.parametrize("count", [1, 16])
@pytest.mark.parametrize("results", ["rejected", "all"])
def test_uploads_take_a_row_a_turn_however_many_they_are(count: int, results: str) -> None:
    """Also those whose senders read no results."""
    run = ways(Uploads(count, query=f"?results={results}", reads=results == "rejected"))
    lines = {way: run.most(way).lines for way in (way_in, way_out)}
    assert any(lines.values())
    for way, most in lines.items():
        assert most <= TURNS[way] * LINES_A_ROW


def test_the_longest_lines_of_uploads_make_short_rows() -> None:
    """Bytes count as lines do."""
    run = ways(Uploads(4, made=long))
    for way in (way_in, way_out):
        assert 0 < run.most(way).line_bytes <= TURNS[way] * (BYTES_A_ROW + keys.LONG)


@pytest.mark.parametrize("form", ["application/json", "text/csv"])
def test_readers_of_a_hot_merchant_take_turns(form: str) -> None:
    """Large pages of many readers hold up a post no longer than few do."""
    run = ways(Reads(5, rows=500, fields=(f"Accept: {form}",)))
    for way in (way_in, way_out):
        assert run.most(way).calls <= keys.CALLS_OF_PAGES_MAX


def test_the_counts_repeat() -> None:
    """To the last call, and the clock that counts them to the digit."""
    first, again = repeated(lambda: ways(refused(times=100, connections=8)))
    assert first == again
    assert first.latency_s(99) == again.latency_s(99)
