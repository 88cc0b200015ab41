"""Look-ups and a transaction in detail: every state of them."""

from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.builders import body, transaction_id
from tests.txn_api.asgi import until
from tests.txn_api.browser.chromium import LONG, be_offline, missing
from tests.txn_api.browser.downloads import arrived, rows_of
from tests.txn_api.browser.pages_content import CARD, MERCHANT, fill, refund
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from txn_core.dynamodb import filtered_pages
from txn_core.dynamodb.transactions import IndexItem
from txn_core.transactions.identity import TransactionId

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")


@LONG
async def test_merchants_are_suggested_and_looked_up(visitor: Visitor, api: Api) -> None:
    await fill(api, 3)
    await visitor.open("#/transactions")
    await visitor.give_key()
    await visitor.click("by-merchant")
    await visitor.write("merchant", "rippin")
    names = "return Array.from(arguments[0].options, option => option.value).join()"
    await visitor.until(lambda: visitor.script(names, "merchants"), MERCHANT)
    await visitor.write("merchant", f"  {MERCHANT.upper()} ")
    await visitor.script("arguments[0].value = '2026-01-01T00:00:01'", "from")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 2 transactions.")
    assert "merchant=RIPPIN" in await visitor.fragment()
    await visitor.script("arguments[0].value = '2030-01-01T00:00'", "from")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "No transactions")
    assert await visitor.text("rows") == ""


@LONG
async def test_a_problem_is_shown_with_all_that_helps(visitor: Visitor, api: Api) -> None:
    """Title, code, what is wrong where, what to do, and the id to report it by; the field to blame says so."""
    await visitor.open("#/transactions")
    await visitor.write("card", "1234")
    await visitor.press(Keys.ENTER)
    shown = await visitor.until(lambda: visitor.text("lookup-problem"), "401 API key missing")
    assert "Give a key above." in shown
    await visitor.give_key()
    await visitor.write("card", "1234")
    await visitor.press(Keys.ENTER)
    shown = await visitor.until(lambda: visitor.text("lookup-problem"), "422 Parameter invalid")
    for part in ("parameter_invalid", "/card_number", "8 to 19 digits", "card_number_format", "Request req_"):
        assert part in shown
    assert await visitor.script("return arguments[0].getAttribute('aria-invalid')", "card") == "true"
    remedy = await visitor.script("return arguments[0].querySelector('a').pathname", "lookup-problem")
    assert (await api.client.get(remedy)).status_code == 200


@LONG
async def test_a_key_without_the_right_is_told_what_it_lacks(visitor: Visitor, api: Api) -> None:
    header = await api.key("transactions:write")
    await visitor.open(f"#/transactions?merchant={MERCHANT}")
    await visitor.give_key(header["Authorization"].removeprefix("Bearer "))
    shown = await visitor.until(lambda: visitor.text("lookup-problem"), "403")
    assert "scope_missing" in shown
    assert "transactions:read" in shown


@LONG
async def test_what_fails_for_a_moment_is_tried_again(visitor: Visitor, api: Api) -> None:
    """And what was there is still to be seen meanwhile, as old as it is."""
    await fill(api, 2)
    await visitor.open(f"#/transactions?merchant={MERCHANT}")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 2 transactions.")
    await visitor.do(be_offline)
    await visitor.click("again")
    await visitor.until(lambda: visitor.text("lookup-problem"), "No answer")
    assert await visitor.text("rows") != ""
    await visitor.do(lambda driver: be_offline(driver, offline=False))
    await visitor.script("arguments[0].querySelector('button').click()", "lookup-problem")
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 2 transactions.")
    assert await visitor.text("lookup-problem") == ""
    later = (
        "const now = Date.now(); Date.now = () => now + 600000; document.dispatchEvent(new Event('visibilitychange'))"
    )
    await visitor.script(later)
    assert await visitor.text("results-age") == "Read 10 min ago: there may be others by now"


async def test_amounts_have_their_currencys_decimals_and_their_types_sign(
    visitor: Visitor, api: Api, downloads: Path
) -> None:
    """On the page with the minor units at hand, and in the table that is downloaded."""
    event = await refund(api)
    await visitor.open("#/transactions")
    await visitor.give_key()
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    assert "-12.34 EUR" in await visitor.until(lambda: visitor.text("rows"), "refund")
    assert (
        await visitor.script("return arguments[0].querySelector('span[title]').title", "rows")
        == "1234 minor units of EUR"
    )
    await visitor.click("csv")
    await until(arrived(downloads))
    [row] = rows_of(downloads)
    assert (row["amount"], row["amount_minor"], row["currency"]) == ("-12.34", "1234", "EUR")
    assert row["transaction_id"] == event.transaction_id


@LONG
async def test_filters_stand_in_the_address_and_hold_what_is_shown(visitor: Visitor, api: Api) -> None:
    """By merchant and by card number, also where a page has no row; a card number in a filter is not sent."""
    await fill(api, 3)
    event = await refund(api, transaction_id=transaction_id(3))
    await visitor.open(f"#/transactions?merchant={quote(MERCHANT)}&type=refund&amount_min=1000")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 1 transaction.")
    assert "(type refund, amount min 1000)" in await visitor.text("results-title")
    assert await visitor.script("return arguments[0].open", "filters")
    await visitor.write("filter-amount_min", "x")
    await visitor.press(Keys.ENTER)
    assert "/amount_min" in await visitor.until(lambda: visitor.text("lookup-problem"), "integer_required")
    await visitor.click("filters-clear")
    await visitor.write("filter-category", "misc_net")
    await visitor.write("filter-currency", "EUR")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 1 transaction.")
    assert (await visitor.fragment()).endswith("category=misc_net&currency=EUR")
    await visitor.click("by-card")
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(visitor.fragment, f"card_id={event.card_id}&category=misc_net&currency=EUR")
    with patch.object(filtered_pages, "ROWS_EXAMINED_MAX", 2):
        await visitor.click("again")
        await visitor.until(lambda: visitor.text("results-news"), "0 transactions, more follow. None of the rows")
        await visitor.click("next")
        await visitor.until(lambda: visitor.text("results-news"), "Page 2: 1 transaction.")
    await visitor.write("filter-category", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "That looks like a card number")
    assert CARD not in await visitor.fragment()
    assert await visitor.violations() == []


@LONG
async def test_a_transaction_shows_everything(visitor: Visitor, api: Api, downloads: Path) -> None:
    """Its parts, its score in words, what contradicts it, its original; and where to go from it."""
    event = await refund(api)
    await visitor.open("#/transactions")
    await visitor.give_key()
    await visitor.click("by-id")
    await visitor.write("id", event.transaction_id)
    await visitor.press(Keys.ENTER)
    shown = await visitor.until(lambda: visitor.text("detail"), "-12.34 EUR")
    for part in (
        "1 conflict",
        "973 of 999",
        "reviewers have been told",
        "Moravian Falls",
        "T0000042",
        "the-original",
    ):
        assert part in shown
    assert event.card_id in shown
    assert "Key" not in shown
    await visitor.do(lambda driver: driver.find_element("css selector", "#detail button").click())
    await until(arrived(downloads))
    await visitor.do(lambda driver: driver.find_element("link text", "the-original").click())
    await visitor.until(lambda: visitor.text("detail-problem"), "404")
    assert await visitor.fragment() == "#/transactions/the-original"
    assert not await visitor.text("detail")


@LONG
async def test_a_transaction_shows_its_refunds_and_what_contradicts_it(visitor: Visitor, api: Api) -> None:
    """With what is odd about them in words, and the fields that differ; a refund leads to its original."""
    await api.index(body(transaction_id="the-purchase", card_number=CARD))
    given = {"type": "refund", "original_transaction_id": "the-purchase", "card_number": CARD, "amount_minor": 1_234}
    await api.index(body(transaction_id="the-refund", **given), number=2)
    later = await api.index(body(transaction_id="for-a-while", card_number=CARD, amount_minor=77), number=3)
    stored = await api.services.transactions.get(api.account, later.transaction_id)
    first = await api.services.transactions.get(api.account, TransactionId("the-purchase"))
    assert stored is not None
    assert first is not None
    contradicting = later.model_copy(update={"transaction_id": TransactionId("the-purchase")})
    data = contradicting.model_dump_json(by_alias=True).encode()
    item = IndexItem.of(contradicting, data, stored.order)
    assert await api.services.transactions.note(item, seen=first.order, conflict=True, other=None, content=True)
    await visitor.open("#/transactions/the-purchase")
    await visitor.give_key()
    shown = await visitor.until(lambda: visitor.text("detail"), "-12.34 USD")
    assert "they give back more than its amount" in shown
    shown = await visitor.until(lambda: visitor.text("detail"), "amount_minor: 77")
    assert "1 conflict" in shown
    await visitor.do(lambda driver: driver.find_element("link text", "the-refund").click())
    await visitor.until(lambda: visitor.text("detail"), "the-purchase")
    assert "not there, or not yet" not in await visitor.text("detail")


@LONG
async def test_a_transaction_that_is_not_there_yet_is_looked_for_again(visitor: Visitor, api: Api) -> None:
    await visitor.open(f"#/transactions/{transaction_id(0)}")
    await visitor.until(lambda: visitor.text("detail-news"), "Give a key above")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("detail-problem"), "404 Transaction not found")
    await fill(api, 1)
    await visitor.script("arguments[0].querySelector('button').click()", "detail-problem")
    await visitor.until(lambda: visitor.text("detail"), "4.97")
    assert "not scored" in await visitor.text("detail")
