"""`GET /merchants`, on the real table."""

from typing import Any

import pytest

from tests.builders import body
from tests.txn_api.conftest import Api

NAMES = ["Abbott and Sons", "ABBOTT  Inc", "Äbbott", "Baker, Ltd", "O'Hara", *[f"Shop {n:03d}" for n in range(30)]]


@pytest.fixture
async def merchants(api: Api) -> None:
    """An account with some merchants, and another with one."""
    for number, name in enumerate(NAMES):
        await api.index(body(transaction_id=f"{number:08d}", merchant={"name": name}), number=number)
    await api.index(body(merchant={"name": "abbott and sons"}), number=900)
    await api.index(body(merchant={"name": "Elsewhere"}), account=f"{api.account}-b")


async def names(api: Api, **parameters: Any) -> list[str]:
    """The names of all pages."""
    found: list[str] = []
    while True:
        page = (await api.client.get("/merchants", params=parameters)).json()
        found += [merchant["name"] for merchant in page["data"]]
        if not page["has_more"]:
            return found
        parameters["cursor"] = page["next_cursor"]


@pytest.mark.usefixtures("merchants")
async def test_names_are_found_by_how_they_begin(api: Api) -> None:
    """In any casing and spacing, in the order of the normalised name, each spelled as in its first transaction."""
    assert await names(api, name_prefix=" abb") == ["Abbott and Sons", "ABBOTT  Inc"]
    assert await names(api, name_prefix="ABBOTT   in") == ["ABBOTT  Inc"]
    assert await names(api, name_prefix="o'") == ["O'Hara"]
    assert await names(api, name_prefix="nobody") == []


@pytest.mark.usefixtures("merchants")
@pytest.mark.parametrize("limit", [1, 7, 1000])
async def test_page_walks_give_every_name_once(api: Api, limit: int) -> None:
    """Also where the last page is full."""
    everything = await names(api, limit=limit)
    assert len(everything) == len(NAMES)
    assert set(everything) == set(NAMES)
    assert await names(api, limit=limit, name_prefix="shop 0") == [f"Shop {n:03d}" for n in range(30)]


@pytest.mark.usefixtures("merchants")
async def test_an_account_sees_its_own_merchants(api: Api) -> None:
    """And another account's only when granted; a cursor is bound to prefix and account."""
    other = f"{api.account}-b"
    granted = await api.key("transactions:read", granted=(other,))
    elsewhere = await api.client.get("/merchants", params={"account": other}, headers=granted)
    assert [merchant["name"] for merchant in elsewhere.json()["data"]] == ["Elsewhere"]
    refused = await api.client.get("/merchants", params={"account": "gamma"}, headers=granted)
    assert refused.json()["code"] == "account_forbidden"
    cursor = (await api.client.get("/merchants", params={"limit": 1})).json()["next_cursor"]
    for change, headers in (({"name_prefix": "s"}, {}), ({"account": other}, granted)):
        refused = await api.client.get("/merchants", params={"cursor": cursor, **change}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


@pytest.mark.usefixtures("merchants")
async def test_an_id_is_what_transactions_carry(api: Api) -> None:
    """Name and id belong together in both answers."""
    (merchant,) = (await api.client.get("/merchants", params={"name_prefix": "baker"})).json()["data"]
    (found,) = (await api.client.get("/transactions", params={"merchant_name": merchant["name"]})).json()["data"]
    assert found["merchant_id"] == merchant["merchant_id"]
