"""The pages as one: by keyboard alone, by shared addresses, in every width, and no trace of what is secret."""

import json

import pytest
from selenium.webdriver.common.keys import Keys

from tests.txn_api.browser.chromium import LONG, WIDTH_PX, be_offline, missing, show_as
from tests.txn_api.browser.pages_content import CARD, fill, refund
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")


async def test_everything_is_done_by_keyboard(visitor: Visitor, api: Api) -> None:
    """From the entrance to a key, a look-up and its pages, and never a pointer."""
    await fill(api, 11)
    assert (await visitor.tab_to("go-transactions"))[0] == "skip"
    await visitor.press(Keys.ENTER)
    await visitor.until(visitor.focused, "title-transactions")
    assert await visitor.title() == "Transactions · txn-api"
    assert (await visitor.tab_to("key", back=True))[0] == "BUTTON"
    await visitor.press(visitor.key, Keys.ENTER)
    await visitor.until(lambda: visitor.text("key-news"), "held in this tab's memory")
    assert await visitor.focused() == "title-transactions"

    assert await visitor.tab_to("card") == ["by-card", "card"]
    await visitor.press(CARD)
    assert "limit" in await visitor.tab_to("limit")
    await visitor.press(Keys.UP)
    await visitor.tab_to("card", back=True)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 10 transactions, more follow.")
    assert "2026-01-01 00:00:10" in await visitor.text("rows")

    await visitor.tab_to("next")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 2: 1 transaction.")
    assert await visitor.focused() == "next"  # which leads nowhere now, and keeps the focus all the same
    await visitor.press(Keys.ENTER)
    await visitor.tab_to("previous", back=True)
    await visitor.press(Keys.SPACE)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 10 transactions")


@LONG
async def test_the_focus_moves_with_the_view(visitor: Visitor) -> None:
    """And so does the name of the tab; the skip link leads to what is shown."""
    for view, title in (("upload", "Upload"), ("sample", "Sample"), ("transactions", "Transactions")):
        await visitor.click(f"go-{view}")
        await visitor.until(visitor.focused, f"title-{view}")
        assert await visitor.title() == f"{title} · txn-api"
    await visitor.script("arguments[0].focus()", "skip")
    await visitor.press(Keys.ENTER)
    await visitor.until(visitor.focused, "title-transactions")
    assert await visitor.fragment() == "#/transactions"
    await visitor.do(lambda driver: driver.back())
    await visitor.until(lambda: visitor.text("title-sample"), "Post a sample")


@LONG
@pytest.mark.parametrize(
    "fragment", ["#/nowhere", "#/upload/more", "#/transactions/a/b/../..//", "#/%E0%A4%A", "#/__proto__"]
)
async def test_an_address_that_names_nothing_says_so(visitor: Visitor, fragment: str) -> None:
    await visitor.open(fragment)
    shown = await visitor.do(lambda driver: driver.find_element("css selector", "main > .view:not([hidden])").text)
    assert "There is no such page" in shown or "One transaction" in shown


@LONG
async def test_a_shared_address_shows_the_same_once_there_is_a_key(visitor: Visitor, api: Api) -> None:
    """It has the card's id and the range, and neither the number nor the key."""
    await fill(api, 5)
    await visitor.open("#/transactions")
    await visitor.give_key()
    await visitor.write("card", CARD)
    await visitor.script("arguments[0].value = '2026-01-01T00:00:02'", "from")
    await visitor.submit("lookup-form")
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 3 transactions.")
    shared = await visitor.fragment()
    assert shared.startswith("#/transactions?card_id=card_")
    assert CARD not in shared

    await visitor.open(shared)
    await visitor.until(lambda: visitor.text("key-news"), "No key yet: give one")
    assert not await visitor.text("rows")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 3 transactions.")
    await visitor.do(lambda driver: driver.find_element("css selector", "#rows a").click())
    await visitor.until(visitor.title, "Transaction ")
    await visitor.do(lambda driver: driver.back())
    await visitor.until(lambda: visitor.text("rows"), "00:00:04")  # as it was, without another read


@LONG
async def test_the_entrance_says_when_the_service_is_gone(visitor: Visitor) -> None:
    """And how old what it says is."""
    await visitor.do(be_offline)
    await visitor.click("refresh")
    await visitor.until(lambda: visitor.text("alive"), "no answer")
    assert "it last did just now" in await visitor.text("health-stale")
    await visitor.do(lambda driver: be_offline(driver, offline=False))
    await visitor.click("refresh")
    await visitor.until(lambda: visitor.text("alive"), "yes")
    assert await visitor.text("health-stale") == ""


async def test_neither_key_nor_card_number_is_left_anywhere(visitor: Visitor, api: Api) -> None:
    """Not in an address, a store, a cookie or the document; and a card number typed as something else is not sent."""
    await visitor.open("#/transactions")
    await visitor.give_key()
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "No transactions")
    await visitor.click("by-merchant")
    await visitor.write("merchant", " ".join(CARD[at : at + 4] for at in range(0, 16, 4)))
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "looks like a card number")
    await visitor.click("by-id")
    await visitor.write("id", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "looks like a card number")
    await visitor.click("by-card")
    await visitor.write("card", f"card_{CARD}")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "looks like a card number")
    assert await visitor.fragment() == "#/transactions"
    addresses = await visitor.script(
        "return [location.href, ...performance.getEntriesByType('resource').map(entry => entry.name)].join('\\n')"
    )
    assert "/transactions/search" in addresses
    assert "/merchants" not in addresses
    kept = await visitor.script("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    document = await visitor.script("return document.documentElement.outerHTML")
    for place in (addresses, kept, document):
        assert visitor.key not in place
        assert CARD not in place
    assert await visitor.script("return arguments[0].value", "key") == ""
    await visitor.click("forget")
    assert await visitor.focused() == "key"
    await visitor.click("go-sample")
    await visitor.until(visitor.focused, "title-sample")
    await visitor.submit("sample-form")
    await visitor.until(lambda: visitor.text("sample-problem"), "API key missing")
    # One that came by a link is not sent either.
    for fragment, place in (
        (f"#/transactions?card_id={CARD}", "lookup-problem"),
        (f"#/transactions?merchant={CARD}", "lookup-problem"),
        (f"#/transactions/{CARD}", "detail-news"),
        (f"#/cases/{CARD}", "case-news"),
    ):
        await visitor.open(fragment)
        await visitor.give_key()
        await visitor.until(lambda place=place: visitor.text(place), "looks like a card number")  # type: ignore[misc]
        assert CARD not in await visitor.title()
        sent = await visitor.script("return performance.getEntriesByType('resource').map(entry => entry.name).join()")
        assert CARD not in sent


@pytest.mark.parametrize(
    ("scheme", "width_px"),
    [("light", 320), pytest.param("dark", WIDTH_PX, marks=LONG), pytest.param("light", 3840, marks=LONG)],
)
async def test_every_view_is_accessible(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    """With results, problems and an acknowledgement on it, and never wider than the window (WCAG 2.1, 1.4.10)."""
    event = await refund(api, merchant={"name": "W" * 100})
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))

    async def check() -> None:
        assert await visitor.violations() == []
        assert await visitor.script("return document.documentElement.scrollWidth") == width_px

    await check()
    await visitor.go("#/transactions")
    await visitor.write("key", "no key")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("key-problem"), "Not a key")
    await check()
    await visitor.give_key()
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1")
    await check()
    await visitor.write("card", "1234")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "422")
    await check()
    await visitor.go(f"#/transactions/{event.transaction_id}")
    await visitor.until(lambda: visitor.text("detail"), "12.34 EUR")
    await check()
    await visitor.go("#/upload")
    await visitor.submit("upload-form")
    await visitor.until(lambda: visitor.text("upload-problem"), "No file yet")
    await check()
    await visitor.go("#/sample")
    await visitor.submit("sample-form")
    await visitor.until(lambda: visitor.text("sample-news"), "Accepted")
    await check()
    await visitor.go("#/nowhere")
    await check()


@LONG
async def test_a_sample_measures_the_lag_of_the_index(visitor: Visitor, api: Api) -> None:
    """From the acknowledgement until look-ups find it; then its card is one button away."""
    await visitor.open("#/sample")
    await visitor.give_key()
    sent = json.loads(await visitor.script("return arguments[0].value", "sample"))
    await visitor.click("another")
    assert sent != json.loads(await visitor.script("return arguments[0].value", "sample"))
    sent = json.loads(await visitor.script("return arguments[0].value", "sample"))
    await visitor.submit("sample-form")
    await visitor.until(lambda: visitor.text("sample-news"), "Waiting until look-ups find it")
    await api.index(sent)
    await visitor.until(lambda: visitor.text("sample-news"), "found by look-ups")
    await visitor.click("same-card")
    await visitor.until(lambda: visitor.text("rows"), sent["transaction_id"])
    await visitor.go("#/")
    await visitor.until(lambda: visitor.text("lag"), "s, by the last sample")
    await visitor.go("#/sample")
    await visitor.write("sample", '{"card_number": "1234"')
    await visitor.submit("sample-form")
    await visitor.until(lambda: visitor.text("sample-problem"), "400 Malformed JSON")
