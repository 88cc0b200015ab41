"""How much a key may take, and how it is told."""

import re
import time

import pytest

from tests.builders import body, json_bytes
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import AppFixture
from txn_api.access import rate_limits as module
from txn_api.access.rate_limits import Allowance, Allowances, Bucket, Limiter
from txn_api.problems import RateLimited, TooManyConcurrent
from txn_core.quotas import BY_SETTINGS, UNLIMITED, Limits

# RFC 9651, 3.1: a List of Strings with Parameters that are Integers or Strings, in its one serialisation.
_ITEM = r'"[a-z]+"(;[a-z]+=([0-9]+|"[a-z-]+"))+'
_LIST = re.compile(rf"{_ITEM}(, {_ITEM})*")


class Clock:
    """Time that the test moves on."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.3

    def __call__(self) -> int:
        return round(self.seconds * 1_000_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("per_s", [1, 3, 7, 1_000, 12_345])
def test_a_bucket_holds_a_second_and_fills_as_it_goes(clock: Clock, per_s: int) -> None:
    """A second's worth at once, then one an interval, and never more than a second's worth."""
    bucket = Bucket(per_s, clock)
    assert bucket.left == per_s
    for left in range(per_s - 1, -1, -1):
        assert bucket.take()
        assert bucket.left == left
    assert not bucket.take()
    clock.seconds += 1.001 / per_s
    assert bucket.take()
    assert not bucket.take()
    clock.seconds += 3_600
    assert bucket.left == per_s
    assert [bucket.take() for _ in range(per_s + 1)].count(True) == per_s


def test_a_refusal_takes_nothing(clock: Clock) -> None:
    """Who hammers is let in as often as who waits."""
    bucket = Bucket(10, clock)
    taken = 0
    for _ in range(10_000):
        taken += bucket.take()
        clock.seconds += 0.001
    assert 109 <= taken <= 110


def test_a_debt_says_how_long_to_wait(clock: Clock) -> None:
    """Those beyond a second's worth are taken in advance, at the rate."""
    bucket = Bucket(10, clock)
    waits = [bucket.owe(1) for _ in range(13)]
    assert waits[:10] == [0.0] * 10
    assert waits[10:] == [pytest.approx(wait) for wait in (0.1, 0.2, 0.3)]
    assert bucket.owe(7) == pytest.approx(1.0)
    assert bucket.left == 0


def entered(allowance: Allowance) -> bool:
    """Whether a request was let in; it has not left."""
    try:
        allowance.enter()
    except (RateLimited, TooManyConcurrent):
        return False
    return True


def test_what_is_left_is_told_in_structured_fields(clock: Clock) -> None:
    """Policies and what is left of each; the draft's parameters q, w, qu, r and t, and no others."""
    allowance = Allowances(Limits(10, 0, 0, 3), clock).writes
    assert allowance is not None
    allowance.enter()
    (policy_name, policy), (name, left) = allowance.fields()
    assert (policy_name, name) == (b"ratelimit-policy", b"ratelimit")
    assert policy == b'"write";q=10;w=1, "concurrency";q=3;qu="concurrent-requests"'
    assert left == b'"write";r=9;t=1, "concurrency";r=2'
    assert all(_LIST.fullmatch(field.decode()) for field in (policy, left))


def test_a_limit_that_is_not_there_is_not_told(clock: Clock) -> None:
    """Only a rate, only requests at once, or nothing at all."""
    rate, at_once = Allowances(Limits(10, 0, 0, 0), clock), Allowances(Limits(0, 0, 0, 2), clock)
    assert rate.writes is not None
    assert at_once.reads is not None
    assert rate.reads is None
    assert [value for _, value in rate.writes.fields()] == [b'"write";q=10;w=1', b'"write";r=10;t=1']
    assert at_once.reads.fields()[1] == (b"ratelimit", b'"concurrency";r=2')


def test_writes_and_reads_have_rates_of_their_own_and_one_bound_at_once(clock: Clock) -> None:
    """Reads do not use up what writes may; together they are as many as may be."""
    allowances = Allowances(Limits(2, 2, 0, 3), clock)
    assert allowances.writes is not None
    assert allowances.reads is not None
    assert [entered(allowances.writes), entered(allowances.writes)] == [True, True]
    assert entered(allowances.reads)
    with pytest.raises(TooManyConcurrent):
        allowances.reads.enter()
    for allowance in (allowances.writes, allowances.writes, allowances.reads, allowances.reads):
        allowance.leave()
    with pytest.raises(RateLimited):
        allowances.writes.enter()


def test_a_limiter_keeps_a_keys_use_while_its_limits_stay(clock: Clock) -> None:
    """A key that is looked up again goes on where it was; with other limits it begins at zero."""
    limiter = Limiter(Limits(5, 5, 0, 0), clock)
    first = limiter.of("a", BY_SETTINGS)
    assert first is limiter.of("a", BY_SETTINGS)
    assert first is not limiter.of("b", BY_SETTINGS)
    assert first is not limiter.of("a", Limits(writes_per_s=6))
    assert limiter.of("c", UNLIMITED) is None


def test_a_limiter_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more keys than that, the one that was looked up longest ago begins at zero."""
    monkeypatch.setattr(module, "KEYS_MAX", 2)
    limiter = Limiter(Limits(5, 5, 0, 0), clock)
    old, kept = limiter.of("old", BY_SETTINGS), limiter.of("kept", BY_SETTINGS)
    limiter.of("kept", BY_SETTINGS)
    limiter.of("new", BY_SETTINGS)
    assert len(limiter._known) == 2
    assert limiter.of("kept", BY_SETTINGS) is kept
    assert limiter.of("old", BY_SETTINGS) is not old


async def test_a_key_over_its_rate_is_told_when_to_come_back(desk: AppFixture) -> None:
    """429 with `Retry-After` and both fields; nothing is stored, and reads go on."""
    key = desk.key("transactions:write", "transactions:read", limits=Limits(3, 3, 0, 0))
    for number in range(3):
        answer = await desk.client.post("/transactions", json=body(), headers=key)
        assert (answer.status_code, answer.headers["ratelimit-policy"]) == (202, '"write";q=3;w=1')
        assert answer.headers["ratelimit"] in {f'"write";r={left};t=1' for left in range(2 - number, 4)}
    answers = [await desk.client.post("/transactions", json=body(), headers=key) for _ in range(20)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(desk.kinesis.stored) == 3 + 20 - len(refused)
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].headers["ratelimit"] == '"write";r=0;t=1'
    assert refused[0].json()["code"] == "rate_limited"
    read = await desk.client.get("/transactions/short", headers=key)
    assert (read.status_code, read.headers["ratelimit-policy"]) == (404, '"read";q=3;w=1')


async def test_a_key_without_limits_is_told_nothing(desk: AppFixture) -> None:
    """No field promises what is not there."""
    key = desk.key("transactions:write", limits=UNLIMITED)
    answer = await desk.client.post("/transactions", json=body(), headers=key)
    assert answer.status_code == 202
    assert not [name for name in answer.headers if "ratelimit" in name]


async def test_requests_of_a_key_at_once_are_bounded(desk: AppFixture) -> None:
    """The next one is turned away until one is answered; whatever ends a request gives its place back."""
    key = desk.key("transactions:write", limits=Limits(0, 0, 0, 2))
    calls = [Call(desk.app, "/transactions", headers=key) for _ in range(2)]
    await until(lambda: all(call._pieces._getters for call in calls))  # type: ignore[attr-defined]
    refused = await desk.client.post("/transactions", json=body(), headers=key)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_concurrent")
    assert refused.headers["ratelimit"] == '"concurrency";r=0'
    assert (await desk.client.post("/transactions", json=body())).status_code == 202
    calls[0].disconnect()
    calls[1].send(json_bytes(body()), more=False)
    for call in calls:
        await call.done()
    assert [call.status for call in calls] == [408, 202]
    for _ in range(5):
        assert (await desk.client.post("/transactions", json=body(), headers=key)).status_code == 202


async def test_a_noisy_key_does_not_slow_a_quiet_one(desk: AppFixture) -> None:
    """One hammers with stuck and with whole requests, over its limits; the other's are all taken, at once.

    What is refused costs no body, no place in the producer, and gives no place of the process away.
    """
    noisy = desk.key("transactions:write", limits=Limits(5, 0, 0, 4))
    quiet = desk.key("transactions:write", account="quiet")
    stuck = [Call(desk.app, "/transactions", headers=noisy) for _ in range(200)]
    await until(lambda: sum(call.complete for call in stuck) == 196)
    assert {call.status for call in stuck if call.complete} == {429}
    in_flight = desk.app.state.registry.get_sample_value("txn_http_requests_in_flight")
    assert in_flight == 4
    for number in range(20):
        hammering = [Call(desk.app, "/transactions", headers=noisy) for _ in range(50)]
        answer = await desk.client.post(
            "/transactions", json=body(transaction_id=f"quiet-{number:04d}"), headers=quiet
        )
        assert answer.status_code == 202
        await until(lambda: all(call.complete for call in hammering))  # noqa: B023 - awaited within the turn
        assert {call.status for call in hammering} == {429}
        assert not any(call.unread_pieces for call in hammering)
    assert len(desk.kinesis.stored) == 20
    for call in stuck:
        call.disconnect()
        await call.done()


async def test_an_upload_is_read_at_its_keys_rate(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines beyond a second's worth wait for their turn, and none is refused for it."""
    waits: list[float] = []

    class Noting(Bucket):
        __slots__ = ()

        def owe(self, count: int) -> float:
            waits.append(super().owe(count))
            return waits[-1] / 1_000

    monkeypatch.setattr(module, "Bucket", Noting)
    key = desk.key("transactions:write", limits=Limits(0, 0, 40, 0))
    lines = b"\n".join(json_bytes(body(transaction_id=f"line-{number:04d}")) for number in range(200))
    began_s = time.monotonic()
    answer = await desk.client.post("/transactions/bulk", content=lines, headers=key)
    assert '"accepted":200' in answer.text
    assert waits[0] == 0.0
    assert 4.0 - (time.monotonic() - began_s) < waits[-1] <= 4.0  # the lines after the first 40, at 40 a second


async def test_an_upload_that_waits_for_its_turn_ends_at_a_shutdown(desk: AppFixture) -> None:
    """What was read is answered, and nothing waits on."""
    key = desk.key("transactions:write", limits=Limits(0, 0, 1, 0))
    call = Call(desk.app, "/transactions/bulk", headers=key)
    call.send(b"".join(json_bytes(body(transaction_id=f"line-{number:04d}")) + b"\n" for number in range(5)))
    await until(lambda: not call.unread_pieces)
    desk.services.stop()
    call.end()
    await call.done()
    assert call.lines[-1]["ended"] == "shutting_down"
    assert call.lines[-1]["read"] == len(desk.kinesis.stored)
