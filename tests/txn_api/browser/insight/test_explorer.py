"""The explorer beside a real insight service: its numbers are the rows', and each of its states says what is so."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from selenium.webdriver.common.keys import Keys

from tests.insight.conftest import Service, publish, serving
from tests.insight.explorer_oracle import COUNT, SEED, cells_of, chosen, segment_of, summed
from tests.txn_api.asgi import until
from tests.txn_api.browser.chromium import LONG, WIDTH_PX, missing, show_as
from tests.txn_api.browser.downloads import arrived, rows_of
from tests.txn_api.browser.listening import listening
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.warehouse.questions.star_schema import CURRENCIES, facts

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

CELLS = """return Object.fromEntries(Array.from(document.querySelectorAll('.facet'), facet => [facet.id.slice(6),
    Object.fromEntries(Array.from(facet.children, cell => [cell.value,
        Array.from(cell.children, part => part.textContent)]))]))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("explorer"), count=COUNT)


@dataclass(frozen=True)
class Analyst:
    """Somebody at the explorer, whose key the insight service knows."""

    visitor: Visitor
    service: Service

    async def open(self, fragment: str = "#/explorer", *, key: str | None = None) -> None:
        """Open an address in an empty tab, and give a key."""
        await self.visitor.open(fragment)
        mine = self.service.client.headers["authorization"]
        await self.visitor.give_key((key or mine).removeprefix("Bearer "))

    async def press(self, view: str, label: str) -> None:
        """Press a value, as a pointer does."""
        await self.visitor.do(lambda driver: driver.find_element("css selector", cell(view, label)).click())

    async def news(self, wanted: str) -> str:
        """Wait for what the status says."""
        return await self.visitor.until(lambda: self.visitor.text("explorer-news"), wanted)

    async def cells(self) -> dict[str, dict[str, list[str]]]:
        """What stands in each cell of each view: name, value, short form, the rest."""
        found: dict[str, dict[str, list[str]]] = await self.visitor.do(lambda driver: driver.execute_script(CELLS))
        return found


def cell(view: str, label: str) -> str:
    return f'#facet-{view} [value="{label}"]'


@asynccontextmanager
async def analysing(visitor: Visitor, api: Api, folder: Path) -> AsyncIterator[Analyst]:
    """The insight service over a folder, where the visitor's page finds it."""
    async with serving(folder, insight_origin=visitor.url.rstrip("/")) as service, listening(service.app) as origin:
        settings = api.services.settings.model_copy(update={"insight_url": origin})
        api.app.state.services = replace(api.services, settings=settings)
        yield Analyst(visitor, service)
        await visitor.do(lambda driver: driver.get("about:blank"))


@pytest.fixture
async def analyst(visitor: Visitor, api: Api, folder: Path) -> AsyncIterator[Analyst]:
    async with analysing(visitor, api, folder) as made:
        yield made


def money(net: object, currency: str) -> str:
    return f"{Decimal(str(net)):,.{CURRENCIES[currency]}f}"


def compare(seen: Mapping[str, Mapping[str, list[str]]], choice: Mapping[str, str]) -> int:
    """Hold what is seen against plain Python's sums, to the last digit; gives how many cells were not hidden."""
    made, currency, shown = facts(COUNT, SEED), choice.get("currency", "USD"), 0
    expected = cells_of(made, {**choice, "currency": currency})
    for view, cells in seen.items():
        for label, (_, value, short, more) in cells.items():
            of = label if view == "currency" else currency
            customers, _, net = summed(expected[view].get(label, []), of)
            if value == "⊘ hidden":
                assert (short, [part for part in more.split(", ") if "customers" in part or "net" in part]) == (
                    "⊘",
                    [],
                )
            else:
                assert (value, more.split(",")[0]) == (money(net, of), f"{customers} customers")
                shown += 1
    return shown


async def test_a_click_is_followed_by_all_views(analyst: Analyst) -> None:
    """By pointer; the numbers are the rows', the address is a link, Back goes back, and the focus stays."""
    visitor = analyst.visitor
    await visitor.open("#/explorer")
    await analyst.news("Give a key above to see it.")
    await analyst.open()
    whole = summed(chosen(facts(COUNT, SEED), {"currency": "USD"}), "USD")
    said = await analyst.news("Nothing is chosen.")
    assert said.endswith(f"{whole[0]} customers, {whole[1]} transactions, net {money(whole[2], 'USD')} USD.")
    assert compare(await analyst.cells(), {}) > 20
    assert await visitor.text("explorer-sums") == "Net in USD"
    partial = "Nov 2024 has 13 of its 30 days; Mar 2025 has 7 of its 31 days."
    assert partial in await visitor.text("explorer-data")
    await analyst.press("region", "South")
    await analyst.news("Chosen: region South.")
    assert await visitor.focused() == "South"
    await analyst.press("currency", "KWD")
    await analyst.news("Chosen: region South, currency KWD.")
    assert compare(await analyst.cells(), {"region": "South", "currency": "KWD"}) > 10
    assert await visitor.text("explorer-sums") == "Net in KWD"
    assert await visitor.fragment() == "#/explorer?region=South&currency=KWD"
    await visitor.do(lambda driver: driver.back())
    await analyst.news("Chosen: region South. ")
    await analyst.press("region", "South")
    await analyst.news("Nothing is chosen.")
    [(segment, _)] = Counter(segment_of().values()).most_common(1)
    await analyst.press("segment", segment)
    assert await analyst.news(f"segment {segment}. ")
    assert compare(await analyst.cells(), {"segment": segment})


async def test_it_is_explored_by_keyboard_alone(analyst: Analyst) -> None:
    """A view is one stop of Tab, arrows go by what is beside, and what is chosen can be dropped again."""
    visitor = analyst.visitor
    await analyst.open()
    await analyst.news("Nothing is chosen.")
    await visitor.tab_to("measure-net")
    await visitor.press(Keys.DOWN)
    await visitor.until(lambda: visitor.text("explorer-sums"), "Transactions in USD")
    passed = await visitor.tab_to("explorer-again")
    assert passed == ["explorer-list", "explorer-csv", "explorer-again"]
    await visitor.press(Keys.TAB)
    assert await visitor.focused() == "2024-11"
    await visitor.press(Keys.RIGHT, Keys.SPACE)
    await analyst.news("Chosen: month Dec 2024.")
    assert await visitor.focused() == "2024-12"
    await visitor.press(Keys.TAB)
    assert await visitor.focused() == "CA"
    await visitor.press(Keys.TAB, Keys.TAB, Keys.DOWN, Keys.ENTER)
    said = await analyst.news("segment")
    assert said.startswith(f"Chosen: month Dec 2024, segment {await visitor.focused()}.")
    assert (
        await visitor.fragment() == f"#/explorer?month=2024-12&segment={await visitor.focused()}&measure=transactions"
    )
    await visitor.tab_to("month", back=True)
    await visitor.press(Keys.ENTER)
    await visitor.until(visitor.fragment, "#/explorer?segment=")
    assert await visitor.focused() == "explorer-chosen"


@LONG
async def test_it_says_what_there_is_not(visitor: Visitor, api: Api, tmp_path: Path) -> None:
    """No service, no right, no build, no transactions; each with what to do about it."""
    await visitor.open("#/explorer")
    await visitor.give_key()
    assert "TXN_INSIGHT_URL" in await visitor.until(lambda: visitor.text("explorer-problem"), "no insight service")
    async with analysing(visitor, api, tmp_path / "warehouse") as analyst:
        await analyst.open(key=analyst.service.key("transactions:read")["Authorization"])
        assert "insight:read" in await visitor.until(lambda: visitor.text("explorer-problem"), "403")
        await analyst.open()
        await visitor.until(lambda: visitor.text("explorer-problem"), "Warehouse not built yet")
        publish(tmp_path / "warehouse")
        with duckdb.connect(tmp_path / "warehouse" / "warehouse.duckdb") as database:
            for table in ("star.fact_transactions", "marts.customer_month"):
                database.execute(f"delete from {table}")
        await visitor.do(lambda driver: driver.find_element("css selector", "#explorer-problem button").click())
        await analyst.news("The warehouse has no transactions yet.")
        assert not await visitor.text("explorer")
        publish(tmp_path / "warehouse", run="run-2", load=2)
        # A choice that the service does not know, and one that must not stand in a URL.
        await visitor.go("#/explorer?month=soon")
        await visitor.until(lambda: visitor.text("explorer-problem"), "422")
        await visitor.go(f"#/explorer?category={'4' * 16}")
        await visitor.until(lambda: visitor.text("explorer-problem"), "That looks like a card number")


@LONG
async def test_few_customers_are_not_told_of(analyst: Analyst) -> None:
    """The values go and the buttons stay, so that the choice can be let go where it was made."""
    await analyst.open()
    await analyst.news("Nothing is chosen.")
    assert "⊘ hidden" in str(await analyst.cells())
    await analyst.press("state", "TX")
    await analyst.news("Chosen: state TX.")
    await analyst.press("region", "West")
    await analyst.news("Fewer than 5 customers are chosen: nothing is told of them.")
    values = {part for cells in (await analyst.cells()).values() for each in cells.values() for part in each[1:3]}
    assert values == {"\u2013"}
    assert not await analyst.visitor.text("explorer-csv")
    await analyst.press("region", "West")
    await analyst.news("Chosen: state TX.")
    assert compare(await analyst.cells(), {"state": "TX"})


@LONG
async def test_the_newest_click_wins(analyst: Analyst, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen last stays meanwhile, paler; an answer that comes too late is not shown."""
    visitor, desk, gate = analyst.visitor, analyst.service.services.explorer, asyncio.Event()
    await analyst.open()
    await analyst.news("Nothing is chosen.")
    before, answer, asked = await analyst.cells(), desk.views, []

    async def slowly(choice: Any) -> Any:
        asked.append(choice)
        await gate.wait()
        return await answer(choice)

    monkeypatch.setattr(desk, "views", slowly)
    await analyst.press("gender", "F")
    await analyst.news("Reading …")
    assert await visitor.script("return arguments[0].getAttribute('aria-busy')", "explorer") == "true"
    assert await analyst.cells() == before
    await until(lambda: len(asked) == 1)
    await analyst.press("gender", "M")
    await until(lambda: len(asked) == 2)
    gate.set()
    await analyst.news("Chosen: gender men.")
    assert compare(await analyst.cells(), {"gender": "M"})
    await visitor.do(
        lambda driver: driver.execute_script(
            "const now = Date.now(); Date.now = () => now + 600000;"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    )
    assert await visitor.text("explorer-age") == "Read 10 min ago: there may be newer numbers"
    await visitor.click("explorer-again")
    await visitor.until(lambda: visitor.text("explorer-age"), "just now")


@LONG
async def test_what_is_seen_can_be_downloaded(analyst: Analyst, downloads: Path) -> None:
    await analyst.open("#/explorer?gender=M&measure=each")
    await analyst.news("Chosen: gender men.")
    await analyst.visitor.click("explorer-csv")
    await until(arrived(downloads))
    rows, expected = rows_of(downloads), cells_of(facts(COUNT, SEED), {"gender": "M", "currency": "USD"})
    hidden = 0
    for row in rows[1:]:
        if row["customers"]:
            sums = summed(expected[row["view"]].get(row["label"], []), row["currency"])
            assert [int(row["customers"]), int(row["transactions"]), Decimal(row["net"])] == sums
        hidden += not row["customers"]
    assert len(rows) - 1 > hidden > 0


@LONG
@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX), ("light", 3840)])
async def test_the_explorer_is_accessible(analyst: Analyst, scheme: str, width_px: int) -> None:
    """Also where little is told; and never wider than the window."""
    visitor = analyst.visitor
    await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
    await analyst.open()
    for fragment, news in (
        ("#/explorer", "Nothing is chosen."),
        ("#/explorer?region=South&measure=each", "Chosen: region South."),
        ("#/explorer?state=TX&region=West", "Fewer than 5"),
    ):
        await visitor.go(fragment)
        await analyst.news(news)
        assert await visitor.violations() == []
        assert await visitor.script("return document.documentElement.scrollWidth") == width_px
