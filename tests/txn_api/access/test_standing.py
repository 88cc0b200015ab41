"""Rights that end while a request is under way, in every way, for every call that writes; in virtual time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.builders import IDENTITY_KEY, body, json_bytes
from tests.support.fake_kinesis import Reply
from tests.support.signed_requests import Signed, content_digest
from tests.support.virtual_time import in_virtual_time
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import AppFixture, opened_desk, producing
from tests.txn_api.issuer import AUDIENCE, ISSUER, jwk, jwks, token
from txn_api.access import authenticator, standing, tokens
from txn_api.access.jwks import Jwks
from txn_api.access.standing import ASK_S_MIN
from txn_api.access.token_claims import LEEWAY_S, Claims
from txn_api.access.tokens import Tokens
from txn_api.writes.admission import Admission
from txn_api.writes.batch import TURN_S, PostBatch
from txn_core.api_keys import ApiKey, KeyId, split
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.ranges import Page
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.quotas import Limits
from txn_core.signing import Signature, signing_secret
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import datetime_of, instant_of, now
from txn_core.transactions.submission import Submission

CACHE_S: Final = 5.0
BULK: Final = "/transactions/bulk"
Begin = Callable[["Holder"], Awaitable["Begun"]]


@dataclass
class Holder:
    """Who holds a key of the desk, and sends with it."""

    desk: AppFixture
    headers: dict[str, str]
    key: ApiKey
    signed_at: int = field(default_factory=lambda: int(time.time()))

    def change(self, **changes: Any) -> None:
        """Change what the table says of the key."""
        self.desk.keys[self.key.key_id] = replace(self.desk.keys[self.key.key_id], **changes)

    def call(self, path: str, query: str = "", **headers: str) -> Call:
        """Begin a request."""
        return Call(self.desk.app, path, headers=self.headers | headers, query=query)

    def signed(self, path: str, content: bytes, **more: str) -> dict[str, str]:
        """The header that signs a request with a body."""
        self.signed_at -= 1  # for the same second, the same content would have the same signature
        at = self.signed_at
        mac = Signed(at, "POST", path.encode(), b"", content).mac(signing_secret(IDENTITY_KEY, self.key.key_id))
        return {"Signature": Signature(at, self.key.key_id, mac).header(), **more}


@dataclass
class Begun:
    """A request under way: the rest of its body, and how it is seen that it was let go on or not."""

    call: Call
    rest: bytes

    async def end(self) -> str:
        """Send the rest, and give how it ended: a problem's code or an upload's `ended`."""
        if not self.call.complete:
            self.call.send(self.rest, more=False)
        async with asyncio.timeout(60):
            await self.call.task
        last = self.call.lines[-1] if self.call.body.endswith(b"\n") else None
        if last is not None:
            return str(last["ended"])
        return "accepted" if self.call.status == 202 else str(code_of(self.call))


def code_of(call: Call) -> str:
    """The code of a problem that was answered."""
    return str(call.body.decode().partition('"code":"')[2].partition('"')[0])


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch, own_environment: pytest.MonkeyPatch) -> None:
    """The clocks of the loop that runs the test, the one of the wall begins at the test's beginning."""
    wall = time.time()

    def seconds() -> float:
        return asyncio.get_running_loop().time()

    clock = SimpleNamespace(monotonic=seconds, time=lambda: wall + seconds())
    for module in (authenticator, standing, tokens):
        monkeypatch.setattr(module, "time", clock)


def wall_s() -> float:
    """The time of the wall, as the code under test reads it."""
    return float(standing.__dict__["time"].time())


FILLING: Final = b" " * 20_480 + b"\n"
"""A blank line, long enough that a sender who is seen now and then is no slow one."""


def line(number: int, terminal: str = "T1") -> bytes:
    """One line of an upload."""
    return json_bytes(body(transaction_id=f"line-{number:04d}", terminal={"terminal_id": terminal})) + b"\n"


@asynccontextmanager
async def timed_desk() -> AsyncIterator[AppFixture]:
    """A desk whose limits are on the clock of the loop."""
    async with opened_desk() as desk:
        limiter = desk.services.gate._authenticator._limiter
        limiter._clock = lambda: int(asyncio.get_running_loop().time() * 1e9)
        yield desk


def holder_at(desk: AppFixture, **bounds: Any) -> Holder:
    """The holder of a new key that may write."""
    usual: dict[str, Any] = {"terminal_ids": ["T1", "T2"], "expires_in": timedelta(days=1)}
    headers = desk.key("transactions:write", **(usual | bounds))
    parts = split(headers["Authorization"].removeprefix("Bearer "))
    assert parts is not None
    return Holder(desk, headers, desk.keys[parts[0]])


@asynccontextmanager
async def holder_of(**bounds: Any) -> AsyncIterator[Holder]:
    """The same at a desk of its own."""
    async with timed_desk() as desk:
        yield holder_at(desk, **bounds)


# What may be under way: each has sent a part of its body.


async def a_post(holder: Holder) -> Begun:
    call, content = holder.call("/transactions"), line(1)
    call.send(content[:10])
    return Begun(call, content[10:])


async def a_post_with_a_key(holder: Holder) -> Begun:
    call, content = holder.call("/transactions", **{"Idempotency-Key": "once-0001"}), line(1)
    call.send(content[:10])
    return Begun(call, content[10:])


async def a_signed_post(holder: Holder) -> Begun:
    content = line(1)
    call = holder.call("/transactions", **holder.signed("/transactions", content))
    call.send(content[:10])
    return Begun(call, content[10:])


async def a_signed_post_with_its_digest(holder: Holder) -> Begun:
    content = line(1)
    signed = holder.signed("/transactions", content, **{"Content-Digest": content_digest(content)})
    call = holder.call("/transactions", **signed)
    call.send(content[:10])
    return Begun(call, content[10:])


async def a_signed_upload(holder: Holder) -> Begun:
    content = line(1) + line(2)
    call = holder.call(BULK, **holder.signed(BULK, content))
    call.send(content[:10])
    return Begun(call, content[10:])


async def an_upload(holder: Holder) -> Begun:
    call = holder.call(BULK)
    before = len(holder.desk.kinesis.stored)
    call.send(line(1))
    await until(lambda: len(holder.desk.kinesis.stored) > before)
    return Begun(call, line(2) + line(3))


async def an_upload_with_all_results(holder: Holder) -> Begun:
    call = holder.call(BULK, query="results=all")
    before = len(holder.desk.kinesis.stored)
    call.send(line(1))
    await until(lambda: len(holder.desk.kinesis.stored) > before)
    return Begun(call, line(2) + line(3))


SIGNED: Final[tuple[Begin, ...]] = (a_signed_post, a_signed_post_with_its_digest, a_signed_upload)
UNSIGNED: Final[tuple[Begin, ...]] = (a_post, a_post_with_a_key, an_upload, an_upload_with_all_results)


def revoked(holder: Holder) -> None:
    holder.change(revoked_at=now())


def removed(holder: Holder) -> None:
    del holder.desk.keys[holder.key.key_id]


def expired_earlier(holder: Holder) -> None:
    holder.change(expires_at=instant_of(datetime_of(now()) - timedelta(seconds=1)))


def without_its_scope(holder: Holder) -> None:
    holder.change(scopes=frozenset({"transactions:read"}))


def of_another_account(holder: Holder) -> None:
    holder.change(account=Account("other"))


def of_another_terminal(holder: Holder) -> None:
    holder.change(terminal_ids=frozenset({"T2", "T3"}))


def of_a_new_secret(holder: Holder) -> None:
    holder.change(secret_sha256="0" * 64)


def to_be_signed(holder: Holder) -> None:
    holder.change(requires_signature=True)


ENDS: Final[dict[Callable[[Holder], None], str]] = {
    revoked: "api_key_invalid",
    removed: "api_key_invalid",
    expired_earlier: "api_key_invalid",
    of_a_new_secret: "api_key_invalid",
    of_another_account: "api_key_invalid",
    without_its_scope: "scope_missing",
    of_another_terminal: "terminal_forbidden",
}


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize("begin", [*UNSIGNED, *SIGNED])
@in_virtual_time
async def test_nothing_is_written_by_rights_that_were_taken_away(begin: Begin) -> None:
    """From the cache's time on, whatever was taken away and however the request is under way."""
    changes = ENDS if begin in SIGNED else ENDS | {to_be_signed: "signature_missing"}
    async with timed_desk() as desk:
        for change, code in changes.items():
            holder = holder_at(desk, requires_signature=begin in SIGNED)
            await a_settled(holder, begin)
            begun = await begin(holder)
            await asyncio.sleep(1)
            stored = len(desk.kinesis.stored)
            change(holder)
            await asyncio.sleep(CACHE_S)
            ended = await begun.end()
            if begin in {an_upload, an_upload_with_all_results}:
                assert ended == "rights_ended", change
            elif (begin, change) == (a_signed_upload, of_another_terminal):
                assert ended == "complete"  # none of its lines was taken before: each is refused by itself
            else:
                assert ended == code, change
            assert len(desk.kinesis.stored) == stored


async def a_settled(holder: Holder, begin: Begin) -> None:
    """Let a request of this kind through, which shows that it is sound but for what changes."""
    begun = await begin(holder)
    assert await begun.end() in {"accepted", "complete"}
    holder.desk.records.stored.clear()


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize("begin", [*UNSIGNED, *SIGNED])
@in_virtual_time
async def test_an_expiry_ends_a_request_at_once(begin: Begin) -> None:
    """A tenth of a second behind it nothing is written, though the look at the key is fresh; before it, all is."""
    async with timed_desk() as desk:
        for late_s, goes_on in ((-0.1, True), (0.1, False)):
            passed = timedelta(seconds=20 + asyncio.get_running_loop().time())
            holder = holder_at(desk, requires_signature=begin in SIGNED, expires_in=passed)
            assert holder.key.expires_at is not None
            ends_in_s = datetime_of(holder.key.expires_at).timestamp() - wall_s()
            await asyncio.sleep(ends_in_s - 1)
            begun = await begin(holder)
            stored = len(holder.desk.kinesis.stored)
            await asyncio.sleep(1 + late_s)
            ended = await begun.end()
            assert (ended in {"accepted", "complete"}) == goes_on, ended
            assert (len(holder.desk.kinesis.stored) > stored) == goes_on


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_an_upload_ends_while_it_waits_for_more() -> None:
    """Its sender need not send anything for it; the lines before have their outcomes."""
    async with holder_of() as holder:
        begun = await an_upload(holder)
        holder.change(revoked_at=now())
        began = asyncio.get_running_loop().time()
        await begun.call.task
        assert asyncio.get_running_loop().time() - began <= CACHE_S + 2.0  # the drain behind it
        (totals,) = begun.call.lines
        assert totals | {"receipt_id": ""} == {
            "receipt_id": "",
            "read": 1,
            "accepted": 1,
            "rejected": 0,
            "unknown": 0,
            "ended": "rights_ended",
        }


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_a_line_that_waits_for_its_rate_is_not_taken_after_the_expiry() -> None:
    """The wait for the rate, too, is one in which rights can end, and it ends with them."""
    async with holder_of(expires_in=timedelta(seconds=20), limits=Limits(lines_per_s=1)) as holder:
        call = holder.call(BULK)
        for number in range(10):
            call.send(line(number))
        call.send(b"".join(line(number) for number in range(10, 60)))
        async with asyncio.timeout(60):
            await call.task
        (totals,) = call.lines
        assert totals["ended"] == "rights_ended"
        assert len(holder.desk.kinesis.stored) == totals["accepted"] == totals["read"] == 10
        assert 19 <= asyncio.get_running_loop().time() <= 23


class TimedProducer(Producer):
    """Notes when it takes what it is offered."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.taken_at_s: list[float] = []

    def offer(self, key: str, data: bytes) -> "asyncio.Future[Landing] | None":
        landing = super().offer(key, data)
        if landing is not None:
            self.taken_at_s.append(asyncio.get_running_loop().time())
        return landing


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize(("window", "buffer_bytes"), [(2, 1 << 20), (1_000, 8_000)])
@in_virtual_time
async def test_a_line_that_waits_for_room_is_not_taken_after_the_expiry(window: int, buffer_bytes: int) -> None:
    """The lines that the stream had been given have their outcomes, the one that waited was not read."""
    async with holder_of(expires_in=timedelta(seconds=22)) as holder:
        desk = holder.desk
        desk.script(*[Reply(after_s=4.0)] * 200, deadline_s=600.0)
        small = TimedProducer(
            desk.kinesis.client, "s", buffer_bytes_max=buffer_bytes, requests_in_flight_max=4, deadline_s=600.0
        )
        desk.app.state.services = producing(desk.services, small)
        desk.change(bulk_lines_in_flight_max=window)
        call = holder.call(BULK)
        call.send(b"".join(line(number) for number in range(300)))
        async with asyncio.timeout(120):
            await call.task
        (totals,) = call.lines
        assert totals["ended"] == "rights_ended"
        assert 2 < totals["read"] == totals["accepted"] == len(desk.kinesis.stored) < 300
        assert 18 < max(small.taken_at_s) < 23


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_lines_that_are_refused_end_with_the_rights_as_well() -> None:
    """Though none of them would be handed over."""
    async with holder_of(expires_in=timedelta(seconds=20)) as holder:
        begun = await an_upload(holder)
        clock = standing.__dict__["time"]
        earlier = clock.time
        begun.call.send(b"no transaction\n" * 100)
        clock.time = lambda: earlier() + 30
        assert await begun.end() == "rights_ended"
        assert begun.call.lines[-1]["read"] == 1


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_a_post_that_waited_for_its_idempotency_key_asks_again() -> None:
    """The claim is given back, so that a good key may act at once under the same `Idempotency-Key`."""
    async with holder_of() as holder:
        begun = await a_post_with_a_key(holder)
        await asyncio.sleep(1)
        holder.change(revoked_at=now())

        async def slowly() -> None:
            await asyncio.sleep(4.5)

        holder.desk.records.before = slowly
        assert await begun.end() == "api_key_invalid"
        assert not holder.desk.kinesis.stored
        (record,) = holder.desk.records.stored.values()
        assert record.lapses_at_s == 0


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_an_answer_is_not_replayed_to_a_key_that_has_ended() -> None:
    """Looking it up may take longer than the rights last."""
    async with holder_of(expires_in=timedelta(seconds=2)) as holder:
        await (await a_post_with_a_key(holder)).end()

        async def slowly() -> None:
            await asyncio.sleep(4.5)

        holder.desk.records.before = slowly
        assert await (await a_post_with_a_key(holder)).end() == "api_key_invalid"


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_rights_that_grow_or_stay_go_on() -> None:
    """More terminals, no need to sign, other limits, or simply a long time: an upload reads to its end."""
    async with holder_of(limits=Limits(lines_per_s=10)) as holder:
        begun = await an_upload(holder)
        changes: tuple[dict[str, Any], ...] = (
            {"terminal_ids": frozenset({"T1", "T2", "T3"})},
            {"terminal_ids": frozenset()},
            {"granted_accounts": frozenset({"other"})},
            {"scopes": frozenset({"transactions:write", "admin"})},
            {"limits": Limits(lines_per_s=1)},
        )
        for change in changes:
            holder.change(**change)
            await asyncio.sleep(CACHE_S + 1)
            begun.call.send(line(4, "T9") if change == {"terminal_ids": frozenset()} else line(5) + FILLING)
        began = asyncio.get_running_loop().time()
        for number in range(10, 30):
            begun.call.send(line(number))
        assert await begun.end() == "complete"
        assert begun.call.lines[-1]["rejected"] == 0
        assert asyncio.get_running_loop().time() - began > 10  # at the new rate


class SlowReads:
    """The tables that look-ups read, which take long over it and then have nothing."""

    keeps_relations = True

    def __init__(self, reads: int = 1) -> None:
        self._pause_s = (CACHE_S + 1) / reads

    async def learn_layout(self) -> None:
        """It is known."""

    async def get(self, account: Account, transaction_id: str) -> None:
        await asyncio.sleep(self._pause_s)

    async def page(self, *query: Any, **named: Any) -> Any:
        await asyncio.sleep(self._pause_s)
        # The page of merchants is a pair.
        return ([], False) if named else Page(())

    def by_card(self, *query: Any) -> Any:
        return SimpleNamespace(index="i", subject="s", behind=lambda _: None, partitions=())

    by_merchant = by_original = by_card


READS: Final = {
    "/transactions/slow-0001": ("", 404),
    "/transactions/slow-0001/related": ("", 404),
    "/transactions/slow-0001/conflicts": ("", 404),
    "/transactions": (f"card_id=card_1_{'0' * 32}", 200),
    "/transactions ": ("merchant_name=Shop", 200),
    "/merchants": ("", 200),
    "/transactions/search": ("", 200),
}
READ_ENDS: Final[dict[Callable[[Holder], None] | None, str]] = {
    None: "",
    revoked: "api_key_invalid",
    of_another_account: "api_key_invalid",
    without_its_scope: "scope_missing",
    to_be_signed: "signature_missing",
}


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize("path", READS)
@in_virtual_time
async def test_nothing_is_read_by_rights_that_ended_meanwhile(path: str) -> None:
    """A table that takes long, and a body that does, are answered to those alone who may read then."""
    query, status = READS[path]
    is_search = path.endswith("search")
    content = json_bytes({"card_id": f"card_1_{'0' * 32}"})
    async with timed_desk() as desk:
        slow: Any = SlowReads(2 if path.endswith("related") else 1)
        desk.app.state.services = replace(desk.services, transactions=slow, stores={MerchantTable: slow})
        for change, code in READ_ENDS.items():
            holder = holder_at(desk)
            holder.change(scopes=frozenset({"transactions:read", "cards:lookup"}))
            method = "POST" if is_search else "GET"
            call = Call(desk.app, path.strip(), headers=holder.headers, query=query, method=method)
            call.send(content[:3] if is_search else b"", more=is_search)
            await asyncio.sleep(1)
            if change is without_its_scope:
                holder.change(scopes=frozenset({"transactions:write"}))
            elif change is not None:
                change(holder)
            if is_search:
                call.send(content[3:], more=False)
            await call.task
            assert code_of(call) == (code or ("" if status == 200 else "transaction_not_found"))
            assert change is not None or call.status == status


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_a_granted_account_is_not_read_when_the_grant_ended_meanwhile() -> None:
    """The own one is."""
    for account, said in (("other", "account_forbidden"), ("acme", "transaction_not_found")):
        async with holder_of(granted_accounts=["other"]) as holder:
            holder.change(scopes=frozenset({"transactions:read"}))
            slow: Any = SlowReads()
            holder.desk.app.state.services = replace(holder.desk.services, transactions=slow)
            query = f"account={account}"
            call = Call(holder.desk.app, "/transactions/slow-0001", headers=holder.headers, query=query, method="GET")
            await asyncio.sleep(1)
            holder.change(granted_accounts=frozenset())
            await call.task
            assert code_of(call) == said


class SlowIntake(Admission):
    """Takes a quarter of a turn's time over each post, on a clock that the tests read as well."""

    clock = 0.0

    def submission(self, *arguments: Any, **named: Any) -> Submission:
        SlowIntake.clock += TURN_S / 4
        return super().submission(*arguments, **named)


def busy(holder: Holder) -> None:
    """Put posts behind an admission that is slow, so that all but a few wait for later turns."""
    services = holder.desk.services
    admission = SlowIntake(services.admission.keys, services.admission.occurred_ahead_s_max)
    posts = PostBatch(
        admission,
        services.producer,
        clock=lambda: SlowIntake.clock,
        cpu_clock=lambda: 0.0,
        rights=services.gate.writing,
    )
    holder.desk.app.state.services = replace(services, posts=posts)


async def posted(holder: Holder, count: int) -> list[Call]:
    """Posts whose bodies are there, more than half of which wait for their turn; the look at the key is over then."""
    calls = [holder.call("/transactions") for _ in range(count)]
    for number, call in enumerate(calls):
        call.send(line(number), more=False)
    left = holder.desk.services.posts._left
    await until(lambda: len(left))
    assert len(left) > count // 2
    clock = authenticator.__dict__["time"]
    earlier = clock.monotonic
    clock.monotonic = lambda: earlier() + CACHE_S + 1
    return calls


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize("change", [revoked, of_another_terminal])
@in_virtual_time
async def test_posts_that_wait_for_their_turn_are_not_written_by_rights_that_ended(
    change: Callable[[Holder], None],
) -> None:
    """When the look at the key is over, the first of them asks, the others wait for it, all are refused alike."""
    async with holder_of() as holder:
        busy(holder)
        await (await a_post(holder)).end()
        change(holder)
        calls = await posted(holder, 100)
        await asyncio.gather(*(call.task for call in calls))
        codes = [code_of(call) for call in calls if call.status != 202]
        assert set(codes) == {ENDS[change]}
        assert len(codes) > 50
        assert len(holder.desk.kinesis.stored) == 1 + len(calls) - len(codes)


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_posts_that_wait_for_their_turn_keep_their_order_while_rights_are_asked_for() -> None:
    """Whose rights still hold when their look was over, all land, in the order in which they came."""
    for cache_s in (CACHE_S, 0.0):
        async with holder_of() as holder:
            table = behind(holder, cache_s=cache_s)
            busy(holder)
            await (await a_post(holder)).end()
            asked = table.asked
            calls = await posted(holder, 100)
            await asyncio.gather(*(call.task for call in calls))
            assert {call.status for call in calls} == {202}
            ids = [json.loads(data)["transaction_id"] for data in holder.desk.kinesis.data[1:]]
            assert ids == [f"line-{number:04d}" for number in range(100)]
            assert cache_s == 0 or table.asked == asked + 1


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_posts_that_wait_for_their_turn_ask_once_a_second_at_most() -> None:
    """Also where no look is kept: one look after the other would let an account have no more posts than looks."""
    async with holder_of() as holder:
        table = behind(holder, cache_s=0.0)
        busy(holder)
        calls = [holder.call("/transactions") for _ in range(100)]
        for number, call in enumerate(calls):
            call.send(line(number), more=False)
        left = holder.desk.services.posts._left
        await until(lambda: len(left))
        assert len(left) > len(calls) // 2
        asked = table.asked
        await asyncio.gather(*(call.task for call in calls))
        assert {call.status for call in calls} == {202}
        assert table.asked <= asked + 1


class GoneTable:
    """The desk's key table, which may be away."""

    def __init__(self, desk: AppFixture) -> None:
        self.desk, self.gone, self.asked = desk, False, 0

    async def get(self, key_id: KeyId) -> ApiKey | None:
        self.asked += 1
        if self.gone:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        return self.desk.keys.get(key_id)


def behind(holder: Holder, *, cache_s: float = CACHE_S) -> GoneTable:
    """Put a table that may be away behind the desk's gate."""
    table = GoneTable(holder.desk)
    made = authenticator.Authenticator(table.get, cache_s)
    holder.desk.services.gate._authenticator = made
    return table


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_an_upload_outlives_the_table_as_requests_do_and_then_says_so() -> None:
    """For 15 minutes; what ends it then is no revocation."""
    async with holder_of() as holder:
        table = behind(holder)
        begun = await an_upload(holder)
        table.gone = True
        began = asyncio.get_running_loop().time()
        number = 10
        while not begun.call.complete:
            if number == 20:  # as ten thousand other keys would bring about
                holder.desk.services.gate._authenticator._cache.clear()
            begun.call.send(line(number) + FILLING)
            number += 1
            await asyncio.sleep(10)
        lasted_s = asyncio.get_running_loop().time() - began
        assert authenticator.STALE_S_MAX - 10 <= lasted_s <= authenticator.STALE_S_MAX + 30
        assert begun.call.lines[-1]["ended"] == "store_unavailable"


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_one_request_asks_once_a_second_at_most() -> None:
    """Also where no look is kept: an upload of a thousand lines is no thousand reads of the table."""
    async with holder_of() as holder:
        table = behind(holder, cache_s=0.0)
        call = holder.call(BULK)
        for number in range(1_000):
            call.send(line(number))
        await until(lambda: not call.unread_pieces)
        await asyncio.sleep(10)
        assert table.asked <= 3 + 10 / ASK_S_MIN
        assert await Begun(call, b"").end() == "complete"


class Issuer:
    """Publishes the keys that it has."""

    def __init__(self) -> None:
        self.members = [jwk("ES256")]

    async def fetch(self) -> bytes:
        return jwks(*self.members)


@asynccontextmanager
async def holder_of_token(issuer: Issuer, exp: float) -> AsyncIterator[Holder]:
    """A holder of an access token, at a desk that takes them."""
    async with opened_desk() as desk:
        claims = Claims(issuer=ISSUER, audience=AUDIENCE, account="account", scope="scope", scope_prefix="")

        def seconds() -> float:
            return asyncio.get_running_loop().time()

        keys = Jwks(issuer.fetch, algorithms=("ES256",), cache_s=300.0, clock=seconds)
        desk.take_tokens(Tokens(keys, claims, trust_s=300.0))
        headers = {"Authorization": f"Bearer {token(scope='transactions:write', exp=exp)}"}
        yield Holder(desk, headers, next(iter(desk.keys.values())))


@pytest.mark.usefixtures("clocks")
@pytest.mark.parametrize("begin", UNSIGNED)
@in_virtual_time
async def test_a_token_that_expires_ends_a_request_at_once(begin: Begin) -> None:
    """Behind the leeway, as for new requests."""
    ends_at_s = int(wall_s()) + 60
    for late_s, goes_on in ((-0.1, True), (0.1, False)):
        async with holder_of_token(Issuer(), ends_at_s) as holder:
            wait_s = ends_at_s + LEEWAY_S - wall_s()
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(wait_s - 1)
            begun = await begin(holder)
            stored = len(holder.desk.kinesis.stored)
            await asyncio.sleep(1 + late_s)
            ended = await begun.end()
            assert (ended in {"accepted", "complete"}) == goes_on, ended
            assert goes_on or ended in {"token_invalid", "rights_ended"}
            assert (len(holder.desk.kinesis.stored) > stored) == goes_on
            ends_at_s += int(asyncio.get_running_loop().time() - began) + 60


@pytest.mark.usefixtures("clocks")
@in_virtual_time
async def test_a_token_whose_key_is_withdrawn_ends_an_upload_when_its_trust_is_over() -> None:
    """Within the cache's time twice, as docs/access.md says."""
    issuer = Issuer()
    async with holder_of_token(issuer, wall_s() + 36_000) as holder:
        begun = await an_upload(holder)
        issuer.members = [jwk("ES256", generation=1)]
        number = 10
        while not begun.call.complete and number < 100:
            begun.call.send(line(number) + FILLING)
            number += 1
            await asyncio.sleep(10)
        assert begun.call.lines[-1]["ended"] == "rights_ended"
        assert asyncio.get_running_loop().time() <= 620
