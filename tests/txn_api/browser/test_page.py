"""The page in Chromium: by keyboard alone, with what goes wrong, and no trace of the key or of a card number."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.keys import Keys

from tests.builders import body, card_number, transaction_id
from tests.txn_api.asgi import until
from tests.txn_api.browser.chromium import WIDTH_PX, chromium, missing, show_as
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

CARD = card_number(7)
MERCHANT = "Rippin, Kub and Mann"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
async def visitor(api: Api, browser: webdriver.Chrome) -> AsyncIterator[Visitor]:
    """Somebody at the page of a running service, whose console stays empty but for statuses."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(api.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    visitor = Visitor(browser, f"http://127.0.0.1:{listener.getsockname()[1]}/")
    await visitor.do(show_as)
    await visitor.open()
    yield visitor
    console = await visitor.do(lambda driver: driver.get_log("browser"))  # type: ignore[no-untyped-call]
    assert [entry for entry in console if entry["source"] != "network"] == []
    # Nothing goes on that a shutdown would have to wait for.
    await visitor.do(lambda driver: driver.get("about:blank"))
    server.should_exit = True
    await task
    listener.close()


def key_of(api: Api) -> str:
    """The key itself."""
    return str(api.client.headers["authorization"]).removeprefix("Bearer ")


async def fill(api: Api, count: int) -> None:
    """Put transactions of one card and merchant into the index, a second apart."""
    for number in range(count):
        moment = f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"
        fields = {"card_number": CARD, "occurred_at": moment, "merchant": {"name": MERCHANT}}
        await api.index(body(transaction_id=transaction_id(number), **fields), number=number + 1)


async def test_everything_is_done_by_keyboard(visitor: Visitor, api: Api) -> None:
    """Key, look-up, paging and a sample, in the order of the page, and never a pointer."""
    await fill(api, 11)
    passed = await visitor.tab_to("key")
    assert passed[0] == "skip"
    assert passed[-3:] == ["refresh", "refreshing", "key"]
    await visitor.press(key_of(api), Keys.ENTER)
    await visitor.until(lambda: visitor.text("key-news"), "held in this tab's memory")

    assert await visitor.tab_to("card") == ["BUTTON", "forget", "by-card", "card"]
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

    await visitor.tab_to("sample")
    await visitor.tab_to("another")
    await visitor.tab_to("sample", back=True)
    sent = json.loads(await visitor.script("return arguments[0].value", "sample"))
    await visitor.press(Keys.TAB, Keys.ENTER)
    await visitor.until(lambda: visitor.text("sample-news"), "durably on the stream")
    assert sent["transaction_id"] in await visitor.text("acknowledgement")


async def test_a_sample_measures_the_lag_of_the_index(visitor: Visitor, api: Api) -> None:
    """From the acknowledgement until look-ups find it; then its card is one button away."""
    await visitor.give_key(key_of(api))
    sent = json.loads(await visitor.script("return arguments[0].value", "sample"))
    await visitor.click("another")
    assert sent != json.loads(await visitor.script("return arguments[0].value", "sample"))
    sent = json.loads(await visitor.script("return arguments[0].value", "sample"))
    await visitor.script("arguments[0].requestSubmit()", "sample-form")
    await visitor.until(lambda: visitor.text("sample-news"), "Waiting until look-ups find it")
    await api.index(sent)
    await visitor.until(lambda: visitor.text("sample-news"), "found by look-ups")
    assert (await visitor.text("lag")).endswith("s, by the last sample")
    await visitor.click("same-card")
    await visitor.until(lambda: visitor.text("rows"), sent["transaction_id"])


async def test_merchants_are_suggested_and_looked_up(visitor: Visitor, api: Api) -> None:
    await fill(api, 3)
    await visitor.give_key(key_of(api))
    await visitor.click("by-merchant")
    await visitor.write("merchant", "rippin")
    names = "return Array.from(arguments[0].options, option => option.value).join()"
    await visitor.until(lambda: visitor.script(names, "merchants"), MERCHANT)
    await visitor.write("merchant", f"  {MERCHANT.upper()} ")
    await visitor.script("arguments[0].value = '2026-01-01T00:00:01'", "from")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1: 2 transactions.")
    await visitor.script("arguments[0].value = '2030-01-01T00:00'", "from")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "No transactions")


async def test_a_problem_is_shown_with_all_that_helps(visitor: Visitor, api: Api) -> None:
    """Title, code, what is wrong where, and the id to report it by; the field that is to blame says so."""
    await visitor.write("card", "1234")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "401 API key missing")
    await visitor.give_key(key_of(api))
    await visitor.write("card", "1234")
    await visitor.press(Keys.ENTER)
    shown = await visitor.until(lambda: visitor.text("lookup-problem"), "422 Parameter invalid")
    for part in ("parameter_invalid", "/card_number", "8 to 19 digits", "card_number_format", "Request req_"):
        assert part in shown
    assert await visitor.script("return arguments[0].getAttribute('aria-invalid')", "card") == "true"
    await visitor.write("sample", '{"card_number": "1234"')
    await visitor.script("arguments[0].requestSubmit()", "sample-form")
    await visitor.until(lambda: visitor.text("sample-problem"), "400 Malformed JSON")


async def test_neither_key_nor_card_number_is_left_anywhere(visitor: Visitor, api: Api) -> None:
    """Not in an address, a store, a cookie or the document; and a card number typed as a name is not sent."""
    await visitor.give_key(key_of(api))
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "No transactions")
    await visitor.click("by-merchant")
    await visitor.write("merchant", " ".join(CARD[at : at + 4] for at in range(0, 16, 4)))
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("lookup-problem"), "looks like a card number")
    addresses = await visitor.script(
        "return [location.href, ...performance.getEntriesByType('resource').map(entry => entry.name)].join('\\n')"
    )
    assert "/transactions/search" in addresses
    assert "/merchants" not in addresses
    kept = await visitor.script("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    document = await visitor.script("return document.documentElement.outerHTML")
    for place in (addresses, kept, document):
        assert key_of(api) not in place
        assert CARD not in place
    assert await visitor.script("return arguments[0].value", "key") == ""
    await visitor.click("forget")
    await visitor.script("arguments[0].requestSubmit()", "sample-form")
    await visitor.until(lambda: visitor.text("sample-problem"), "API key missing")


@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX)])
async def test_the_page_is_accessible(visitor: Visitor, api: Api, scheme: str, width_px: int) -> None:
    """WCAG 2.1 A and AA as far as axe-core can tell, with results, a problem and an acknowledgement on the page."""
    await fill(api, 1)
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await visitor.give_key(key_of(api))
    await visitor.write("card", CARD)
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("results-news"), "Page 1")
    await visitor.script("arguments[0].requestSubmit()", "sample-form")
    await visitor.until(lambda: visitor.text("sample-news"), "Accepted")
    await visitor.write("key", "no key")
    await visitor.press(Keys.ENTER)
    await visitor.until(lambda: visitor.text("key-problem"), "Not a key")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
    found = await visitor.do(lambda driver: Axe().run(driver, options=options))
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    assert await visitor.script("return document.documentElement.scrollWidth") == width_px  # WCAG 2.1, 1.4.10


async def test_what_the_service_says_of_itself_is_shown(visitor: Visitor) -> None:
    """Health and figures come without a key, and a change is told to those who listen."""
    assert await visitor.text("alive") == "yes"
    assert "2xx: " in await visitor.text("answered")
    await visitor.click("refresh")
    await visitor.until(lambda: visitor.script("return arguments[0].textContent", "health-news"), "Alive; ready: yes")
