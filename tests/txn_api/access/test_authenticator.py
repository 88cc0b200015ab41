"""From a presented credential to who calls: API keys and their cache."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support.virtual_time import in_virtual_time
from tests.txn_api.asgi import bearing, headers_of
from tests.txn_api.conftest import Api
from txn_api.access import authenticator as module
from txn_api.access import key_misses
from txn_api.access.authenticator import Authenticator
from txn_api.access.key_misses import MISSES_PER_S, MissBudget
from txn_api.access.principal import Principal
from txn_api.access.rate_limits import Bucket, Limiter
from txn_api.problems import ApiKeyInvalid, ApiKeyMissing, Overloaded, Problem, StoreUnavailable
from txn_core.api_keys import ApiKey, KeyId, mint
from txn_core.quotas import Limits
from txn_core.single_flight import SingleFlight
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import Instant, datetime_of, now

UNREACHABLE = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


class Table:
    """The key table, which may be gone, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: dict[KeyId, ApiKey] = {}
        self.gone = False
        self.asked = 0

    async def get(self, key_id: KeyId) -> ApiKey | None:
        self.asked += 1
        if self.gone:
            raise UNREACHABLE
        return self.keys.get(key_id)

    def add(self, **changes: Any) -> tuple[ApiKey, str]:
        """Keep a new key; `changes` to what is kept of it."""
        kept, presented = mint(account=Account("acme"), scopes=("transactions:read",))
        self.keys[kept.key_id] = replace(kept, **changes)
        return kept, presented


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that the test moves on."""
    seconds = 1000.0
    monkeypatch.setattr("txn_api.access.authenticator.time.monotonic", lambda: seconds)

    def pass_s(passed: float) -> None:
        nonlocal seconds
        seconds += passed

    return pass_s


@pytest.fixture
def loop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the loop that runs the test."""
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time(), time=time.time)
    monkeypatch.setattr(module, "time", clock)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {}"},
        {"Authorization": "bearer   {} "},
        {"X-API-Key": "{}"},
        {"Authorization": "Basic YTpi", "X-API-Key": "{}"},
    ],
)
async def test_a_key_is_presented_in_either_header(table: Table, headers: dict[str, str]) -> None:
    """As a bearer token or as `X-API-Key`."""
    kept, presented = table.add()
    found = await Authenticator(table.get, 5.0).principal(
        headers_of({name: value.format(presented) for name, value in headers.items()})
    )
    assert found == Principal(account=kept.account, scopes=kept.scopes, actor=f"key_{kept.key_id}")


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"}, {"X-API-Key": ""}]
)
async def test_no_key_is_said_to_be_missing(table: Table, headers: dict[str, str]) -> None:
    """Nothing was presented that could be looked up."""
    with pytest.raises(ApiKeyMissing):
        await Authenticator(table.get, 5.0).principal(headers_of(headers))


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked_at": Instant("2020-01-01T00:00:00.000000Z")},
        {"expires_at": Instant("2020-01-01T00:00:00.000000Z")},
        {"secret_sha256": "0" * 64},
    ],
)
async def test_a_key_that_is_not_in_force_is_invalid(table: Table, changes: dict[str, Any]) -> None:
    """Revoked, expired or with another secret: all the same to who presents it."""
    _, presented = table.add(**changes)
    with pytest.raises(ApiKeyInvalid):
        await Authenticator(table.get, 5.0).principal(bearing(presented))


async def test_a_key_is_looked_up_once_in_a_while(table: Table, clock: Callable[[float], None]) -> None:
    """Within the cache's time a good key costs no read; behind it a revocation is noticed."""
    kept, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    for _ in range(10):
        await authenticator.principal(bearing(presented))
    assert table.asked == 1
    table.keys[kept.key_id] = replace(kept, revoked_at=now())
    clock(4.9)
    await authenticator.principal(bearing(presented))
    clock(0.2)
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(presented))


async def test_a_cached_key_expires_on_time(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache does not lengthen a key's life."""
    kept, presented = mint(account=Account("acme"), scopes=("transactions:read",), expires_in=timedelta(hours=1))
    table.keys[kept.key_id] = kept
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    assert kept.expires_at is not None
    expiry = datetime_of(kept.expires_at).timestamp()
    monkeypatch.setattr("txn_api.access.authenticator.time.time", lambda: expiry)
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(presented))
    assert table.asked == 1


async def test_one_secret_does_not_open_with_anothers_id(table: Table) -> None:
    """The cache is keyed by the whole key: a cached id with another secret is looked up and refused."""
    _, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    wrong = presented[:-1] + ("0" if presented[-1] != "0" else "1")
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(wrong))


async def test_the_cache_is_bounded(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing fills no memory, and keys out of form are neither looked up nor remembered."""
    monkeypatch.setattr(module, "CACHED_MAX", 3)
    authenticator = Authenticator(table.get, 5.0)
    for number in range(10):
        for guess in (f"txn_{number:016d}_{'0' * 64}", f"guess{number}"):
            with pytest.raises(ApiKeyInvalid):
                await authenticator.principal(bearing(guess))
    assert len(authenticator._refused) == 3
    assert not authenticator._cache
    assert table.asked == 10


async def test_the_cache_holds_no_secret(table: Table) -> None:
    """What it is keyed by and what it keeps are hashes."""
    _, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    assert presented.rpartition("_")[2] not in repr(authenticator._cache)


async def test_known_keys_outlive_the_table_for_a_while(table: Table, clock: Callable[[float], None]) -> None:
    """While the table is gone, keys that were good go on for 15 minutes; unknown ones get a 503, not a 401."""
    _, known = table.add()
    _, unknown = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(known))
    table.gone = True
    clock(module.STALE_S_MAX - 1)
    await authenticator.principal(bearing(known))
    with pytest.raises(StoreUnavailable):
        await authenticator.principal(bearing(unknown))
    clock(2)
    with pytest.raises(StoreUnavailable):
        await authenticator.principal(bearing(known))
    table.gone = False
    await authenticator.principal(bearing(unknown))


async def test_a_key_that_was_refused_is_not_let_in_by_an_outage(
    table: Table, clock: Callable[[float], None]
) -> None:
    """Grace is for keys that were good."""
    _, revoked = table.add(revoked_at=now())
    authenticator = Authenticator(table.get, 5.0)
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(revoked))
    table.gone = True
    clock(6.0)
    with pytest.raises(StoreUnavailable):
        await authenticator.principal(bearing(revoked))


async def test_a_principal_is_what_the_key_says(table: Table) -> None:
    """Everything that a key is bound to binds who presents it."""
    kept, presented = table.add(
        granted_accounts=frozenset({"beta"}), terminal_ids=frozenset({"T1"}), requires_signature=True
    )
    found = await Authenticator(table.get, 5.0).principal(bearing(presented))
    assert found == Principal(
        account=Account("acme"),
        scopes=frozenset({"transactions:read"}),
        granted_accounts=frozenset({"beta"}),
        terminal_ids=frozenset({"T1"}),
        signs_with=kept.key_id,
        actor=f"key_{kept.key_id}",
    )


async def test_a_key_that_is_looked_up_again_has_used_what_it_used(table: Table) -> None:
    """The cache's time does not renew a key's allowance."""
    _, presented = table.add(limits=Limits(writes_per_s=5))
    authenticator = Authenticator(table.get, 0.0)
    first, second = [await authenticator.principal(bearing(presented)) for _ in range(2)]
    assert table.asked == 2
    assert first.allowances is second.allowances is not None


async def test_a_key_has_the_bound_of_cards_that_it_or_else_the_settings_say(table: Table) -> None:
    """0 is a word of its own: no bound."""
    limiter = Limiter(Limits(0, 0, 0, 0, cards_of_mask_max=1_000))
    authenticator = Authenticator(table.get, 5.0, limiter=limiter)
    bounds = {}
    for own in (None, 0, 7):
        _, presented = table.add(limits=Limits(cards_of_mask_max=own))
        bounds[own] = (await authenticator.principal(bearing(presented))).cards_of_mask_max
    assert bounds == {None: 1_000, 0: 0, 7: 7}


async def test_guesses_push_no_good_key_out(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are refused, a key that was found good is not looked up for it."""
    monkeypatch.setattr(module, "CACHED_MAX", 3)
    _, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    for number in range(10):
        with pytest.raises(ApiKeyInvalid):
            await authenticator.principal(bearing(f"txn_{number:016d}_{'0' * 64}"))
    assert table.asked == 11
    await authenticator.principal(bearing(presented))
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(f"txn_{9:016d}_{'0' * 64}"))
    assert table.asked == 11


async def test_a_key_of_the_table_is_revoked(api: Api) -> None:
    """A key made and revoked as `txn keys` does, on the real table."""
    kept, presented = mint(account=api.account, scopes=("transactions:read",))
    await api.keys.put(kept)
    found = Authenticator(api.keys.get, 0.0)
    assert (await found.principal(bearing(presented))).account == api.account
    assert await api.keys.revoke(kept.key_id)
    with pytest.raises(ApiKeyInvalid):
        await found.principal(bearing(presented))


@in_virtual_time
async def test_requests_that_miss_at_the_same_time_share_one_look() -> None:
    """Each is still held against its own secret, and the answer is cached for the next."""
    table = Table()
    kept, presented = table.add()

    async def slowly(key_id: KeyId) -> ApiKey | None:
        await asyncio.sleep(0.1)
        return await table.get(key_id)

    authenticator = Authenticator(slowly, 5.0)
    guess = f"txn_{kept.key_id}_{'0' * 64}"
    calls = [authenticator.principal(bearing(key)) for key in (*[presented] * 20, guess)]
    *found, refused = await asyncio.gather(*calls, return_exceptions=True)
    assert found == [Principal(account=kept.account, scopes=kept.scopes, actor=f"key_{kept.key_id}")] * 20
    assert isinstance(refused, ApiKeyInvalid)
    await authenticator.principal(bearing(presented))
    assert table.asked == 1


async def present_each_second(authenticator: Authenticator, presented: str, seconds: float) -> None:
    """Present a key once a second for so long."""
    for _ in range(int(seconds)):
        await asyncio.sleep(1)
        await authenticator.principal(bearing(presented))


class HungTable(Table):
    """The key table, which may stop answering, as one behind a cut line does."""

    hung = False

    async def get(self, key_id: KeyId) -> ApiKey | None:
        if self.hung:
            await asyncio.Event().wait()
        return await super().get(key_id)


@pytest.mark.usefixtures("loop_clock")
@in_virtual_time
async def test_a_table_that_does_not_answer_delays_a_known_key_for_a_moment_now_and_then() -> None:
    """Not each request by the bound of a read: the write path would stand still with the table."""
    table = HungTable()
    _, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    table.hung = True
    await asyncio.sleep(6)
    waits = []
    for _ in range(120):
        began = asyncio.get_running_loop().time()
        await authenticator.principal(bearing(presented))
        waits.append(asyncio.get_running_loop().time() - began)
        await asyncio.sleep(0.1)
    assert max(waits) <= module.RENEWAL_S_MAX
    assert 2 <= sum(wait > 0 for wait in waits) <= 3


@pytest.mark.usefixtures("loop_clock")
@in_virtual_time
async def test_a_key_revoked_in_an_outage_is_refused_soon_after_it() -> None:
    """Once the look that hangs has been given up and the next one is due."""
    table = HungTable()
    kept, presented = table.add()
    authenticator = Authenticator(table.get, 5.0)
    await authenticator.principal(bearing(presented))
    table.hung = True
    await asyncio.sleep(6)
    await authenticator.principal(bearing(presented))
    table.keys[kept.key_id] = replace(kept, revoked_at=now())
    table.hung = False
    with pytest.raises(ApiKeyInvalid):
        await present_each_second(authenticator, presented, module.READ_S_MAX + 5.0 + 2 * module.RENEWAL_S_MAX)


@pytest.mark.usefixtures("loop_clock")
@in_virtual_time
async def test_a_slow_table_is_still_heeded() -> None:
    """What it says after a request has gone on without it counts for the next one."""
    table = Table()
    kept, presented = table.add()

    async def slowly(key_id: KeyId) -> ApiKey | None:
        await asyncio.sleep(2 * module.RENEWAL_S_MAX)
        return await table.get(key_id)

    authenticator = Authenticator(slowly, 5.0)
    await authenticator.principal(bearing(presented))
    table.keys[kept.key_id] = replace(kept, revoked_at=now())
    await asyncio.sleep(6)
    await authenticator.principal(bearing(presented))
    await asyncio.sleep(2 * module.RENEWAL_S_MAX)
    with pytest.raises(ApiKeyInvalid):
        await authenticator.principal(bearing(presented))


@in_virtual_time
async def test_a_look_that_fails_fails_for_all_and_is_not_cached() -> None:
    """503 for each that waited; the next request looks again."""
    table = Table()
    _, presented = table.add()
    table.gone = True
    authenticator = Authenticator(table.get, 5.0)
    calls = (authenticator.principal(bearing(presented)) for _ in range(5))
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 5
    assert table.asked == 1
    table.gone = False
    await authenticator.principal(bearing(presented))
    assert table.asked == 2


async def test_what_was_found_good_a_while_ago_is_not_known_any_more(
    table: Table, clock: Callable[[float], None]
) -> None:
    """Only what may be let in without a look at the table is known; a key that was never seen is not."""
    authenticator = Authenticator(table.get, 5.0)
    _, presented = table.add()
    assert authenticator.known(bearing(presented)) is None
    principal = await authenticator.principal(bearing(presented))
    assert authenticator.known(bearing(presented)) is principal
    assert authenticator.known(headers_of({})) is None
    clock(5.0)
    assert authenticator.known(bearing(presented)) is None
    assert table.asked == 1


class Guesser:
    """Presents another key in form each time, to an authenticator whose budget is on the test's clock."""

    def __init__(self, table: Table) -> None:
        self.seconds, self._number = 1_000.0, 0
        misses = Bucket(MISSES_PER_S, lambda: int(self.seconds * 1_000_000_000))
        self.authenticator = Authenticator(table.get, 5.0, guesses=MissBudget(misses))

    async def guess(self, count: int, key_id: KeyId | None = None) -> list[str]:
        """What is said of so many key_misses, at the secret of a key if one is named."""
        return [await self._guess(key_id) for _ in range(count)]

    async def _guess(self, key_id: KeyId | None) -> str:
        self._number += 1
        try:
            await self.authenticator.principal(bearing(f"txn_{key_id or f'{self._number:016d}'}_{self._number:064d}"))
        except Problem as problem:
            return problem.code
        return "good"


async def test_guesses_stop_costing_reads(table: Table) -> None:
    """After a second's worth of misses nothing is read for more, be it the key's id that is guessed or its secret."""
    kept, _ = table.add()
    guesser = Guesser(table)
    said = await guesser.guess(MISSES_PER_S // 2) + await guesser.guess(MISSES_PER_S, kept.key_id)
    assert said == ["api_key_invalid"] * MISSES_PER_S + ["overloaded"] * (MISSES_PER_S // 2)
    assert table.asked == MISSES_PER_S
    guesser.seconds += 0.1
    assert (await guesser.guess(MISSES_PER_S)).count("api_key_invalid") == MISSES_PER_S // 10


async def test_guesses_do_not_touch_a_key_that_was_found_good(table: Table, clock: Callable[[float], None]) -> None:
    """Neither while it is cached nor when it has to be looked up again."""
    _, presented = table.add()
    guesser = Guesser(table)
    await guesser.authenticator.principal(bearing(presented))
    await guesser.guess(2 * MISSES_PER_S)
    await guesser.authenticator.principal(bearing(presented))
    clock(6.0)
    asked = table.asked
    await guesser.authenticator.principal(bearing(presented))
    assert table.asked == asked + 1


async def test_a_new_key_gets_in_once_the_flood_of_guesses_ends(table: Table) -> None:
    """Until then it is told to come back, as nobody knows that it is good: 503, not 401."""
    _, presented = table.add()
    guesser = Guesser(table)
    await guesser.guess(2 * MISSES_PER_S)
    with pytest.raises(Overloaded) as refused:
        await guesser.authenticator.principal(bearing(presented))
    assert refused.value.headers == {"Retry-After": "1"}
    guesser.seconds += 0.5
    await guesser.authenticator.principal(bearing(presented))


async def test_good_keys_and_withdrawn_ones_spend_nothing(table: Table) -> None:
    """However many come for the first time at once, after a restart for instance."""
    guesser = Guesser(table)
    for number in range(3 * MISSES_PER_S):
        _, presented = table.add(revoked_at=now() if number % 2 else None)
        if number % 2:
            with pytest.raises(ApiKeyInvalid):
                await guesser.authenticator.principal(bearing(presented))
        else:
            await guesser.authenticator.principal(bearing(presented))
    assert await guesser.guess(1) == ["api_key_invalid"]


async def test_guesses_that_come_at_once_are_bounded_and_repaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks under way may all be in vain; what they cost beyond the budget is waited for."""
    monkeypatch.setattr(key_misses, "LOOKS_AT_ONCE_MAX", 2 * MISSES_PER_S)
    table = Table()
    guesser = Guesser(table)
    looked = asyncio.Event()

    async def slowly(key_id: KeyId) -> ApiKey | None:
        await looked.wait()
        return await table.get(key_id)

    guesser.authenticator._found = SingleFlight(slowly, 5.0)
    trying = [asyncio.create_task(guesser.guess(1)) for _ in range(3 * MISSES_PER_S)]
    await asyncio.sleep(0)
    looked.set()
    said = [word for words in await asyncio.gather(*trying) for word in words]
    assert said.count("api_key_invalid") == table.asked == 2 * MISSES_PER_S
    assert said.count("overloaded") == MISSES_PER_S
    guesser.seconds += 0.9
    assert await guesser.guess(1) == ["overloaded"]
    guesser.seconds += 0.2
    assert await guesser.guess(1) == ["api_key_invalid"]
