"""The drill of docs/key-compromise.md from end to end: another card key signs, and nothing comes apart.

Real stream, tables and bucket; the API as it would be started with the one ring, with both in a rolling restart, and
with the other; both workers.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import httpx
import pytest
from pydantic import SecretBytes

from tests.builders import base64_key, body, card_number
from tests.workers.conftest import StackFixture, world_of
from txn_api.app import create_app
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account

CARD: Final = card_number(51)
OTHER_CARD: Final = card_number(52)
ACCOUNT: Final = Account("acme")


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[StackFixture]:
    """A world with one shard."""
    async with world_of(settings) as made:
        yield made


@asynccontextmanager
async def api(world: StackFixture, *versions: int) -> AsyncIterator[httpx.AsyncClient]:
    """The API with these versions of the card key in its ring; the keys themselves are always the same."""
    ring = {version: SecretBytes(bytes([100 + version]) * 32) for version in versions}
    app = create_app(world.settings.model_copy(update={"card_keys": ring}))
    kept, presented = mint(account=ACCOUNT, scopes=SCOPES)
    await ApiKeyTable(world.dynamodb, TableNames.of(world.settings).api_keys).put(kept)
    headers = {"Authorization": f"Bearer {presented}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://txn.test", headers=headers) as client,
    ):
        yield client


async def post(client: httpx.AsyncClient, id_: str, minute: int, **changes: Any) -> str:
    """Post a transaction; gives the id that its card has been given."""
    content = {"transaction_id": id_, "card_number": CARD, "occurred_at": f"2026-01-01T00:{minute:02}:00Z"} | changes
    answer = await client.post("/transactions", json=body(**content))
    assert answer.status_code == 202
    card_id: str = answer.json()["card_id"]
    return card_id


async def ids(client: httpx.AsyncClient, **selector: str) -> list[str]:
    """The ids of a card's transactions, walked two at a time."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("/transactions", params={**selector, "limit": "2", **cursor})
        page = answer.raise_for_status().json()
        found += [document["transaction_id"] for document in page["data"]]
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.timeout(600)
async def test_a_new_card_key_version_keeps_cards_whole_and_makes_no_false_conflicts(world: StackFixture) -> None:
    """Before, in the middle of and behind the change: reads, retries, notes and lake."""
    async with AsyncExitStack() as running:
        before = await running.enter_async_context(api(world, 1))
        old_id = await post(before, "before-1", 1)
        await post(before, "before-2", 2)
        await post(before, "other-card", 3, card_number=OTHER_CARD)
        await world.drain("index")
        cursor = (await before.get("/transactions", params={"card_number": CARD, "limit": 1})).json()["next_cursor"]

        # A rolling restart: some processes have the new ring already, both take the same terminal's retries.
        after = await running.enter_async_context(api(world, 1, 2))
        new_id = await post(after, "after-01", 4)
        assert (old_id[:7], new_id[:7]) == ("card_1_", "card_2_")
        assert await post(after, "before-1", 1) == new_id
        assert await post(before, "after-01", 4) == old_id
        await post(before, "before-3", 5)
        # The same id for something else is a conflict as ever, also on another card.
        await post(after, "before-2", 2, amount_minor=1)
        await post(after, "other-card", 3)
        await world.drain("index", "archive")

        whole = ["before-3", "after-01", "before-2", "before-1"]
        for selector in ({"card_number": CARD}, {"card_id": old_id}, {"card_id": new_id}):
            assert await ids(after, **selector) == whole, selector
        assert await ids(after, card_number=OTHER_CARD) == ["other-card"]
        # A walk that was begun before the change goes on behind it.
        rest = await after.get("/transactions", params={"card_number": CARD, "limit": 5, "cursor": cursor})
        assert [document["transaction_id"] for document in rest.json()["data"]] == ["before-1"]

        for id_, conflicts in {"before-1": 0, "after-01": 0, "before-2": 1, "other-card": 1}.items():
            document = (await after.get(f"/transactions/{id_}")).json()
            assert len(document["conflicts"]) == conflicts, id_
        assert {letter.reason for letter in await world.dead_letters()} == {"conflict"}
        assert len(await world.dead_letters()) == 2

    events = [Event.decode(row.data) for row in await world.lake()]
    assert len(events) == 9
    of_card = [event for event in events if event.transaction_id != "other-card"]
    assert {old_id in (event.card_id, *event.card_aliases) for event in of_card} == {True}
    assert {event.card_aliases for event in of_card} == {(), (old_id,)}


@pytest.mark.timeout(600)
async def test_a_second_compromise_keeps_the_first_cards_whole(world: StackFixture) -> None:
    """Three versions with data: whichever id a client kept leads to all."""
    card_ids = []
    for versions in ((1,), (1, 2), (1, 2, 3)):
        async with api(world, *versions) as client:
            card_ids.append(await post(client, f"version-{len(versions)}", len(versions)))
    await world.drain("index")
    async with api(world, 1, 2, 3) as client:
        for card_id in card_ids:
            assert await ids(client, card_id=card_id) == ["version-3", "version-2", "version-1"]
        for strange in ("card_2_" + "0" * 32, "card_9_" + "0" * 32):
            assert await ids(client, card_id=strange) == []


def test_a_ring_holds_so_many_versions_and_no_more(own_environment: pytest.MonkeyPatch) -> None:
    """Each is a partition that a look-up reads."""
    assert len(Settings(card_keys={n: base64_key(n) for n in range(1, 9)}).card_keys) == 8
    with pytest.raises(ValueError, match="at most 8"):
        Settings(card_keys={n: base64_key(n) for n in range(1, 10)})
