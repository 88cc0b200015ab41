"""A short run of the fuzzer, and its own eyes."""

from pathlib import Path

import pytest

from tests.canary.marks import Marks
from tests.fuzz.requests import Requests, Sent
from tests.fuzz.run import Outcome, run
from tests.fuzz.site import site
from tests.fuzz.verdict import faults
from tests.support.card_search import CardSearch
from txn_cli.stack.endpoints import Endpoints

REQUESTS = 600
SEED = 20_260_101


async def test_mutated_requests_are_answered_as_documented(
    local_servers: Endpoints, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No 5xx but a documented 503, no hang, no card number in an answer or the log; in full: `make fuzz`."""
    async with site(local_servers, tmp_path) as place:
        outcome = await run(place, SEED, range(REQUESTS))
    assert outcome.faults == []
    assert sum(outcome.statuses.values()) == REQUESTS
    assert outcome.statuses[202] > 20
    assert outcome.log_lines > 200


def test_the_same_seed_makes_the_same_requests() -> None:
    """Each by its number alone, so that one that failed can be sent again."""
    one, other = Requests(3, "key"), Requests(3, "key")
    assert [one.request(n) for n in (5, 1, 9)] == [other.request(n) for n in (5, 1, 9)]
    assert one.request(5) != Requests(4, "key").request(5)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 500 Oops\r\n\r\n", "status 500"),
        (b"HTTP/1.1 502 Oops\r\n\r\n", "status 502"),
        (b'HTTP/1.1 503 Busy\r\n\r\n{"code":"busy"}', "status 503"),
        (b'HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\n\r\n{"code":"x"}', "not documented"),
        (b"", "no answer to a whole request"),
        (b"what?", "not an HTTP answer"),
        (b'HTTP/1.1 422 No\r\n\r\n{"was":"NUMBER"}', "a card number in the answer"),
    ],
)
def test_a_wrong_answer_is_seen(answer: bytes, fault: str) -> None:
    """Each kind of fault that a run looks for."""
    marks = Marks(1)
    number = marks.new("sent").encode()
    (found,) = faults(Sent(1, "single", b""), answer.replace(b"NUMBER", number), CardSearch(marks.numbers))
    assert fault in found


def test_a_documented_503_and_silence_on_damaged_bytes_are_right() -> None:
    """The server may wait for the end of what has none."""
    search = CardSearch(frozenset())
    assert not list(faults(Sent(1, "single", b""), b'HTTP/1.1 503 Busy\r\n\r\n{"code":"overloaded"}', search))
    assert not list(faults(Sent(1, "raw", b"", whole=False), b"", search))


def test_memory_is_compared_behind_the_warm_up() -> None:
    """The first fifth of the samples is the process growing to its working size."""
    assert Outcome(resident_mb=[10, 50, 100, 100, 100, 100, 100, 100, 120, 100]).growth() == 1.2
    assert Outcome(resident_mb=[100.0]).growth() == 1.0
