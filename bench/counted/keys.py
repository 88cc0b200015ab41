"""One bad key beside a quiet one: what is done for it while a quiet post is on its way in, and on its way out.

Bounds are those of the connections (one request of each is served at a time), of `txn_api.writes.turns` (one row a
turn, of however many uploads and pages) and of `txn_api.writes.batch` (so many bytes of bodies a turn). What is
shown besides is that none of them depends on how much more the neighbour sends.
"""

from collections.abc import Callable, Iterator
from typing import Final

from bench.counted.neighbours import LIMIT_PER_S, Neighbour, Posting, Reads, Uploads
from bench.counted.quiet import Ways, beside, way_in, way_out
from bench.counted.watch import Journey, Moment
from bench.write_path.results import Result, at_most, counted
from txn_api.writes.batch import BYTES_A_TURN
from txn_api.writes.bulk_upload import BYTES_A_ROW, LINES_A_ROW
from txn_core.quotas import UNLIMITED

SECONDS: Final = 1.0
CONNECTIONS: Final = 64
LONG: Final = 60_000
TURNS: Final[dict["Way", int]] = {way_in: 2, way_out: 4}
"""Of the loop: a post's first byte is there while one goes on, and behind the next the producer has it; from a call's
answer on there are the wire's, the request's, the producer's and the edge's."""
READERS: Final = 40
CALLS_OF_PAGES_MAX: Final = 75_000  # in all turns of a way: 15 ms of work
LATENCY_MAX: Final = 1.1
LOUDER_MAX: Final = 1.05
QUEUED_S_MAX: Final = 1.1  # what half a second's worth of an upload comes to, in parcels of a quarter of a second

Way = Callable[[Journey], Moment]
_NAMES: Final[dict[Way, str]] = {
    way_in: "between its first byte and the producer",
    way_out: "between its two answers",
}


def long(body: bytes) -> bytes:
    """A body that is sound and as long as may be, by blanks."""
    return body[:-1] + b" " * (LONG - len(body)) + b"}"


def junk(_: bytes) -> bytes:
    """A body that is as long and nothing at all, so that none waits for the stream."""
    return b"x" * LONG


def refused(*, times: float, connections: int = CONNECTIONS, pipelined: int = 1) -> Posting:
    """A key that posts so many times as much as it may."""
    return Posting(times * LIMIT_PER_S, connections, pipelined=pipelined)


def large() -> Posting:
    """A key that posts the largest bodies as fast as they are answered."""
    return Posting(1e9, CONNECTIONS, limits=UNLIMITED, made=junk)


def measure(seconds: float = SECONDS) -> Iterator[Result]:
    """Each kind of neighbour."""

    def ways(neighbour: Neighbour | None) -> Ways:
        return beside(neighbour, seconds=seconds)

    yield from _of_refusals(ways)
    yield from _of_bodies(ways(large()))
    yield from _of_uploads(ways)
    yield from _of_pages(ways)
    yield _of_a_queue(seconds)


def _of_refusals(ways: Callable[[Neighbour | None], Ways]) -> Iterator[Result]:
    loud = {times: ways(refused(times=times)) for times in (1, 10, 100, 1_000)}
    who = f"a key's {CONNECTIONS} connections"
    for way, name in _NAMES.items():
        most = {times: run.most(way) for times, run in loud.items()}
        for times in (10, 100, 1_000):
            what = f"requests of {who}, {times:,} x its limit, served while a quiet post is {name}"
            yield counted(what, most[times].requests, CONNECTIONS)
        what = f"calls on average {name} of a quiet post beside {who}, 1,000 x its limit against 100 x"
        louder, as_loud = (loud[times].calls_on_average(way) for times in (1_000, 100))
        yield counted(what, louder, as_loud, at_most(LOUDER_MAX))
    piped = ways(refused(times=100, pipelined=100))
    for way, name in _NAMES.items():
        what = f"requests of {who} with 100 in each packet, served while a quiet post is {name}"
        yield counted(what, piped.most(way).requests, CONNECTIONS * TURNS[way])
    what = "p99 seconds of a quiet post, in time that counts calls, beside a key that sends 10 x its limit against "
    yield counted(f"{what}one at its limit", loud[10].latency_s(99), loud[1].latency_s(99), at_most(LATENCY_MAX))
    yield counted(f"{what}none", loud[10].latency_s(99), ways(None).latency_s(99), at_most(LATENCY_MAX))


def _of_bodies(run: Ways) -> Iterator[Result]:
    what = f"bytes of bodies admitted of a key that posts {LONG:,} bytes on {CONNECTIONS} connections, "
    bounds: dict[Way, int] = {way_in: (CONNECTIONS + 1) * LONG, way_out: TURNS[way_out] * (BYTES_A_TURN + LONG)}
    for way, name in _NAMES.items():
        yield counted(f"{what}{name} of a quiet post", run.most(way).body_bytes, bounds[way])


def _of_uploads(ways: Callable[[Neighbour | None], Ways]) -> Iterator[Result]:
    for uploads in (1, 10, 100):
        run = ways(Uploads(uploads))
        for way, name in _NAMES.items():
            what = f"lines taken of uploads, {uploads} at once, {name} of a quiet post"
            yield counted(what, run.most(way).lines, TURNS[way] * LINES_A_ROW)
    run = ways(Uploads(10, made=long))
    for way, name in _NAMES.items():
        what = f"bytes taken of uploads of {LONG:,} bytes a line, 10 at once, {name} of a quiet post"
        yield counted(what, run.most(way).line_bytes, TURNS[way] * (BYTES_A_ROW + LONG))
    run = ways(Uploads(10, query="?results=all", reads=False))
    for way, name in _NAMES.items():
        what = f"lines taken of uploads whose senders read no results, 10 at once, {name} of a quiet post"
        yield counted(what, run.most(way).lines, TURNS[way] * LINES_A_ROW)


def _of_pages(ways: Callable[[Neighbour | None], Ways]) -> Iterator[Result]:
    for form, fields in (("JSON", ()), ("CSV", ("Accept: text/csv",))):
        run = ways(Reads(READERS, fields=fields))
        for way, name in _NAMES.items():
            what = (
                f"calls {name} of a quiet post beside {READERS} readers of 1,000 transactions of one merchant, {form}"
            )
            yield counted(what, run.most(way).calls, CALLS_OF_PAGES_MAX)


def _of_a_queue(seconds: float) -> Result:
    run = beside(Uploads(10), seconds=2 * seconds, aws_limits=True)
    what = (
        "p99 seconds of a quiet post, in virtual time, beside 10 uploads that fill the shards as far as Kinesis lets"
    )
    return counted(what, run.latency_s(99), QUEUED_S_MAX)
