"""The attack itself: 100,000 numbers have a mask, and whoever tries them by any of the routes is stopped."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import httpx
import pytest

from tests.builders import body, json_bytes
from tests.support.one_mask import cards_of_mask
from tests.txn_api.conftest import Api, AppFixture
from tests.txn_api.test_serving import Served, served  # noqa: F401 - a fixture
from txn_api.app import create_app
from txn_api.card_masks.card_guesses import SHARED_FROM
from txn_api.card_masks.mask_shares import UNSHARED_MIN
from txn_core.api_keys import Scope
from txn_core.card_numbers.pan import Pan
from txn_core.quotas import Limits

CODE = "too_many_cards_of_mask"
FEW = Limits(cards_of_mask_max=20)
NDJSON = {"Content-Type": "application/x-ndjson"}
Way = Callable[[httpx.AsyncClient, str, dict[str, str]], Awaitable[httpx.Response]]


def guess(card: str, **changes: Any) -> dict[str, Any]:
    """A body that asks what id a card has; of a card whose reference is absent it tells the customer's id, too."""
    return body(transaction_id=f"guess-{card[6:12]}", card_number=card, **changes)


async def post(client: httpx.AsyncClient, card: str, key: dict[str, str]) -> httpx.Response:
    """By a post."""
    return await client.post("/transactions", json=guess(card), headers=key)


async def post_once(client: httpx.AsyncClient, card: str, key: dict[str, str]) -> httpx.Response:
    """By a post with an Idempotency-Key."""
    return await client.post("/transactions", json=guess(card), headers=key | {"Idempotency-Key": f'"{card[6:12]}"'})


async def look_up(client: httpx.AsyncClient, card: str, key: dict[str, str]) -> httpx.Response:
    """By a look-up."""
    return await client.get("/transactions", params={"card_number": card}, headers=key)


async def search(client: httpx.AsyncClient, card: str, key: dict[str, str]) -> httpx.Response:
    """By a look-up with the number in the body."""
    return await client.post("/transactions/search", json={"card_number": card}, headers=key)


async def upload(client: httpx.AsyncClient, cards: Iterable[str], key: dict[str, str]) -> list[dict[str, Any]]:
    """By lines: an outcome each, and the totals."""
    lines = b"\n".join(json_bytes(guess(card)) for card in cards)
    answer = await client.post("/transactions/bulk?results=all", content=lines, headers=key | NDJSON)
    return [json.loads(line) for line in answer.text.splitlines()]


def refused(answer: httpx.Response) -> bool:
    """Whether an answer is the refusal; it says nothing of the card."""
    if answer.status_code != 429:
        assert answer.status_code in {200, 202}
        return False
    problem = answer.json()
    assert problem["code"] == CODE
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400
    assert not [text for text in ("card_1", "cus_", "9999") if text in answer.text.replace(problem["request_id"], "")]
    return True


async def test_ten_thousand_guesses_in_an_upload_are_stopped_at_a_thousand(desk: AppFixture) -> None:
    """By default. The lines behind are rejected, and nothing of them is on the stream."""
    *results, totals = await upload(desk.client, cards_of_mask(10_002), desk.key("transactions:write"))
    assert (totals["accepted"], totals["rejected"]) == (1_000, 9_002)
    codes = Counter(result["problem"]["code"] for result in results if "problem" in result)
    assert codes == {CODE: 9_002}
    assert len(desk.kinesis.stored) == 1_000


@pytest.mark.parametrize("way", [post, post_once])
async def test_posts_are_stopped_at_the_bound(desk: AppFixture, way: Way) -> None:
    """With a key for the request or without; nothing refused is on the stream."""
    key = desk.key("transactions:write", limits=FEW)
    answers = [await way(desk.client, card, key) for card in cards_of_mask(60)]
    assert [refused(answer) for answer in answers] == [False] * 20 + [True] * 40
    assert len(desk.kinesis.stored) == 20


async def test_whole_posts_are_stopped_at_the_bound(served: Served) -> None:  # noqa: F811 - the fixture
    """Those that arrive whole are answered without a coroutine."""
    desk = served.desk
    async with served.connection() as client:
        client.key = desk.key("transactions:write", limits=FEW)["Authorization"]
        statuses = []
        for card in cards_of_mask(60):
            client.post("/transactions", json_bytes(guess(card)))
            status, content = await client.answer()
            statuses.append(status)
            assert status == 202 or json.loads(content)["code"] == CODE
    assert statuses == [202] * 20 + [429] * 40
    assert len(desk.kinesis.stored) == 20


@pytest.mark.parametrize("way", [look_up, search])
async def test_look_ups_are_stopped_at_the_bound(api: Api, way: Way) -> None:
    """They tell whether there is such a card."""
    key = await api.key("transactions:read", "cards:lookup", limits=FEW)
    answers = [await way(api.client, card, key) for card in cards_of_mask(40)]
    assert [refused(answer) for answer in answers] == [False] * 20 + [True] * 20


async def test_all_ways_and_all_keys_of_an_account_count_together(api: Api) -> None:
    """Whoever changes key or route gains nothing."""
    every: tuple[Scope, ...] = ("transactions:write", "transactions:read", "cards:lookup")
    first, second = await api.key(*every, limits=FEW), await api.key(*every, limits=FEW)
    cards = iter(cards_of_mask(200))
    taken = 0
    for _ in range(8):
        for way in (post, look_up, search):
            for key in (first, second):
                taken += not refused(await way(api.client, next(cards), key))
        taken += (await upload(api.client, [next(cards), next(cards)], first))[-1]["accepted"]
    assert taken == 20


async def test_accounts_are_apart_and_a_key_may_have_a_bound_of_its_own(desk: AppFixture) -> None:
    """Of two keys of an account one may have more than the other, and one none."""
    cards = cards_of_mask(200)
    few, more, free = (desk.key("transactions:write", limits=Limits(cards_of_mask_max=most)) for most in (20, 50, 0))
    other = desk.key("transactions:write", account="other", limits=FEW)
    for key, sent, taken in (
        (few, cards[:30], 20),
        (more, cards[30:100], 30),
        (free, cards, 200),
        (other, cards[:30], 20),
    ):
        assert [refused(await post(desk.client, card, key)) for card in sent].count(False) == taken


async def test_the_account_that_asks_is_counted_and_not_the_one_that_is_read(api: Api) -> None:
    """A grant of many accounts is no budget for each."""
    key = await api.key("transactions:read", "cards:lookup", granted=("*",), limits=FEW)
    taken = 0
    for number, card in enumerate(cards_of_mask(60)):
        parameters = {"card_number": card, "account": f"of-{number}"}
        taken += not refused(await api.client.get("/transactions", params=parameters, headers=key))
    assert taken == 20


async def test_a_card_that_the_account_sends_again_is_no_guess(desk: AppFixture) -> None:
    """A terminal goes on with its cards, and an upload may be repeated, when the mask is full."""
    key, cards = desk.key("transactions:write", limits=FEW), cards_of_mask(20)
    for _ in range(3):
        assert (await upload(desk.client, cards, key))[-1]["accepted"] == 20
        assert not any([refused(await post(desk.client, card, key)) for card in cards])


async def test_a_cursor_does_not_say_whether_a_guess_was_right(api: Api) -> None:
    """It is bound to the card's id: a wrong number is answered 422, but only within the bound."""
    key = await api.key("transactions:read", "cards:lookup", limits=FEW)
    wanted, *cards = cards_of_mask(60)
    for number in range(2):
        await api.index(body(transaction_id=f"{number:08d}", card_number=wanted), number=number + 1)
    card_id = api.services.keys.card_id(Pan(wanted))
    page = await api.client.get("/transactions", params={"card_id": card_id, "limit": "1"}, headers=key)

    async def guessed(card: str, by: dict[str, str]) -> httpx.Response:
        parameters = {"card_number": card, "cursor": page.json()["next_cursor"], "limit": "1"}
        return await api.client.get("/transactions", params=parameters, headers=by)

    codes = [(await guessed(card, key)).json()["code"] for card in [*cards, wanted]]
    assert codes == ["cursor_invalid"] * 20 + [CODE] * 40
    free = await api.key("transactions:read", "cards:lookup", limits=Limits(cards_of_mask_max=0))
    assert (await guessed(wanted, free)).status_code == 200


async def test_what_is_refused_anyway_is_no_guess(desk: AppFixture) -> None:
    """A mistyped number or a broken rule tells nothing of a card, so it takes nothing of the bound."""
    key, cards = desk.key("transactions:write", limits=FEW), cards_of_mask(40)
    for card in cards:
        answer = await desk.client.post("/transactions", json=guess(card, amount_minor=-1), headers=key)
        assert answer.status_code == 422
    assert not any([refused(await post(desk.client, card, key)) for card in cards[:20]])


async def test_two_processes_stop_guesses_near_the_bound(api: Api) -> None:
    """Applications that have nothing in common but the tables: what one took, the other hears of."""
    bound = 200
    key = await api.key(
        "transactions:write", "transactions:read", "cards:lookup", limits=Limits(cards_of_mask_max=bound)
    )
    other = create_app(api.services.settings)
    async with other.router.lifespan_context(other):
        transport = httpx.ASGITransport(other)
        async with httpx.AsyncClient(transport=transport, base_url="http://other.test") as client:
            taken = 0
            for place, card in enumerate(cards_of_mask(600)):
                taken += not refused(await post(client if place % 2 else api.client, card, key))
            assert bound <= taken <= bound + 2 * SHARED_FROM + UNSHARED_MIN
            late = cards_of_mask(150, begin=700)
            assert all([refused(await post(one, card, key)) for card in late for one in (client, api.client)])
