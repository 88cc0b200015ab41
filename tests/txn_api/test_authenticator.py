"""From a presented credential to who calls: API keys and their cache."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from starlette.datastructures import Headers

from tests.support.virtual_time import in_virtual_time
from tests.txn_api.conftest import Api
from txn_api import authenticator as module
from txn_api.authenticator import Authenticator
from txn_api.principal import Principal
from txn_api.problems import ApiKeyInvalid, ApiKeyMissing, StoreUnavailable
from txn_core.api_keys import ApiKey, KeyId, mint
from txn_core.identity import Account
from txn_core.instants import Instant, datetime_of, now
from txn_core.limits import Limits

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


def bearing(presented: str) -> Headers:
    """The headers that present a key."""
    return Headers({"Authorization": f"Bearer {presented}"})


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that the test moves on."""
    seconds = 1000.0
    monkeypatch.setattr("txn_api.authenticator.time.monotonic", lambda: seconds)

    def pass_s(passed: float) -> None:
        nonlocal seconds
        seconds += passed

    return pass_s


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
        Headers({name: value.format(presented) for name, value in headers.items()})
    )
    assert found == Principal(account=kept.account, scopes=kept.scopes)


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic YTpi"}, {"X-API-Key": ""}]
)
async def test_no_key_is_said_to_be_missing(table: Table, headers: dict[str, str]) -> None:
    """Nothing was presented that could be looked up."""
    with pytest.raises(ApiKeyMissing):
        await Authenticator(table.get, 5.0).principal(Headers(headers))


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
    monkeypatch.setattr("txn_api.authenticator.time.time", lambda: expiry)
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
    """While the table is gone, keys that were good go on for five minutes; unknown ones get a 503, not a 401."""
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
    )


async def test_a_key_that_is_looked_up_again_has_used_what_it_used(table: Table) -> None:
    """The cache's time does not renew a key's allowance."""
    _, presented = table.add(limits=Limits(writes_per_s=5))
    authenticator = Authenticator(table.get, 0.0)
    first, second = [await authenticator.principal(bearing(presented)) for _ in range(2)]
    assert table.asked == 2
    assert first.allowances is second.allowances is not None


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
    assert found == [Principal(account=kept.account, scopes=kept.scopes)] * 20
    assert isinstance(refused, ApiKeyInvalid)
    await authenticator.principal(bearing(presented))
    assert table.asked == 1


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
    assert authenticator.known(Headers({})) is None
    clock(5.0)
    assert authenticator.known(bearing(presented)) is None
    assert table.asked == 1
