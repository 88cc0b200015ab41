"""The insight page as an analyst works with it: cards, filters, addresses, by keyboard, in every width and scheme."""

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.txn_api.browser.chromium import LONG, WIDTH_PX, missing, show_as
from tests.txn_api.browser.downloads import arrived
from tests.txn_api.browser.insight.insight_facts import publish_crowd
from tests.txn_api.browser.insight.insight_reader import Reader, reading
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from warehouse.questions.catalogue import question_of, questions

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

CARD = """const card = document.getElementById(`card-${arguments[0]}`);
const chart = card.querySelector('.chart');
return { seen: card.querySelector('.seen').textContent, title: card.querySelector('h2').textContent,
    link: card.querySelector('h2 a')?.getAttribute('href') ?? '', role: chart.getAttribute('role'),
    label: chart.getAttribute('aria-label') ?? '', pictures: chart.querySelectorAll('svg').length,
    folds: Array.from(card.querySelectorAll('summary'), (summary) => summary.textContent),
    notes: Array.from(card.querySelectorAll('.hint'), (note) => note.textContent).join('\\n'),
    problem: card.querySelector('.problem')?.textContent ?? '', text: chart.textContent }"""
SQL = """const fold = document.querySelectorAll(`#card-${arguments[0]} details`)[1];
fold.open = true;
return new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => tell(
    fold.querySelector('code').textContent))))"""
OPTIONS = "return Array.from(document.getElementById(`filter-${arguments[0]}`).options, (option) => option.text)"
VALUE = "return document.getElementById(`filter-${arguments[0]}`)?.value ?? null"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_crowd(tmp_path_factory.mktemp("crowd"))


async def card(reader: Reader, name: str) -> dict[str, Any]:
    """What there is of a card."""
    found: dict[str, Any] = await reader.of(CARD, name)
    return found


async def test_each_question_has_a_picture_a_sentence_and_its_numbers(
    visitor: Visitor, api: Api, folder: Path, downloads: Path
) -> None:
    """And its SQL, a page of its own, and the API's table; pictures are named for those who cannot see them."""
    async with reading(visitor, api, folder) as reader:
        await reader.read()
        assert len(await reader.cards()) == 12
        for question in questions():
            shown, answer = (
                await card(reader, question.name),
                await reader.service.answer(question.name, **main(question)),
            )
            assert (shown["pictures"], shown["role"], shown["problem"]) == (1, "img", "")
            assert (shown["seen"], shown["title"]) == (answer["seen"], question.title)
            assert shown["label"] == f"{question.title}. {answer['seen']} The numbers are below."
            assert shown["link"] == f"#/insight/{question.name}"
            assert shown["folds"] == ["Numbers", "SQL"]
            assert await reader.of(SQL, question.name) == question.sql
        await reader.of("document.querySelector('#card-q02 .folds button').click()")
        await visitor.until(lambda: present(arrived(downloads)), "True")
        same = await reader.service.client.get("/insight/questions/q02?format=csv&currency=USD")
        assert content_of(downloads) == same.content


def content_of(folder: Path) -> bytes:
    [path] = folder.glob("q02*.csv")
    return path.read_bytes()


def main(question: Any) -> dict[str, str]:
    """What the page asks for where nothing is chosen."""
    return {"currency": "USD"} if "currency" in {column.name for column in question.columns} else {}


async def present(found: Any) -> bool:
    return bool(found())


@LONG
async def test_filters_change_the_address_and_all_cards_that_carry_them(
    visitor: Visitor, api: Api, folder: Path
) -> None:
    """And Back undoes each; a card that does not carry one stays whole."""
    async with reading(visitor, api, folder) as reader:
        await reader.read()
        whole = {name: await reader.table(name) for name in ("q01", "q05", "q09")}
        assert await reader.of(OPTIONS, "region") == ["all", "Northeast", "South", "West", "unknown"]
        assert await reader.of(OPTIONS, "currency") == ["JPY", "KWD", "USD"]
        assert (await reader.of(OPTIONS, "from"))[:3] == ["the beginning", "Nov 2024", "Dec 2024"]
        steps = [
            ("region", "South", "#/insight?region=South"),
            ("from", "2024-12", "#/insight?from=2024-12&region=South"),
            ("to", "2025-02", "#/insight?from=2024-12&to=2025-02&region=South"),
            ("currency", "KWD", "#/insight?from=2024-12&to=2025-02&currency=KWD&region=South"),
        ]
        for name, value, fragment in steps:
            await reader.choose(name, value)
            assert await visitor.fragment() == fragment
            assert await reader.of(VALUE, name) == value
        assert {(row[1], row[2]) for row in (await reader.table("q01"))[1:]} == {("South", "KWD")}
        assert [row[0] for row in (await reader.table("q09"))[1:]] == ["2024-12-01", "2025-02-01"]
        assert await reader.table("q05") == whole["q05"]
        notes = (await card(reader, "q01"))["notes"]
        assert "Only from 2024-12, to 2025-02, currency KWD, region South." in notes
        assert "Only" not in (await card(reader, "q05"))["notes"]
        for _, _, fragment in reversed(steps[:-1]):
            await reader.changing("history.back()")
            await reader.settled()
            assert await visitor.fragment() == fragment
        await reader.choose("to", "2025-03")
        await visitor.click("filter-clear")
        await visitor.until(visitor.fragment, "#/insight")
        await reader.settled()
        assert await visitor.fragment() == "#/insight"
        assert await reader.table("q01") == whole["q01"]


@LONG
async def test_a_question_has_a_page_of_its_own_with_all_its_filters(
    visitor: Visitor, api: Api, folder: Path
) -> None:
    """By the link of its card, which takes along what is chosen; one state alone is said and drawn by itself."""
    async with reading(visitor, api, folder) as reader:
        await reader.read("#/insight?currency=JPY")
        await reader.changing("document.querySelector('#card-q06 h2 a').click()")
        await reader.settled()
        assert await visitor.fragment() == "#/insight/q06?currency=JPY"
        assert await reader.cards() == ["q06"]
        assert await visitor.title() == f"{question_of('q06').title} · txn-api"
        assert question_of("q06").answers in await visitor.text("card-q06")
        await reader.choose("category", "misc_net")
        assert await visitor.fragment() == "#/insight/q06?currency=JPY&category=misc_net"
        assert {row[0] for row in (await reader.table("q06"))[1:]} == {"misc_net"}
        await reader.go("#/insight/q08")
        assert await reader.of(OPTIONS, "gender") == ["all", "women", "men", "unknown"]
        await reader.go("#/insight/q07?state=TX")
        shown = await card(reader, "q07")
        assert "labelled transactions in Texas" in shown["seen"]
        assert "all:" not in shown["text"]
        [point] = await reader.data("q07")
        assert point["state"] == "TX"
        await reader.go("#/insight/q07")
        assert "all:" in (await card(reader, "q07"))["text"]
        await reader.changing("document.getElementById('insight-all').click()")
        await reader.settled()
        assert len(await reader.cards()) == 12


@LONG
async def test_months_of_some_days_are_said_and_drawn_as_such(visitor: Visitor, api: Api, folder: Path) -> None:
    """And the time of the data is said, once and at each card that has such months."""
    async with reading(visitor, api, folder) as reader:
        await reader.read()
        data = await visitor.text("insight-data")
        assert "Transactions from 2024-11-18 05:00 to 2025-03-07" in data
        assert "As of 2025-03-10 12:00 UTC." in data
        assert "Nov 2024 has 13 of its 30 days; Mar 2025 has 7 of its 31 days." in data
        for name in ("q01", "q09", "q11"):
            assert (
                "Incomplete: Nov 2024 (13 of 30 days), Mar 2025 (7 of 31 days)."
                in (await card(reader, name))["notes"]
            )
        marks = [mark for mark in await reader.marks("q01") if mark["type"] == "symbol"]
        for mark in marks:
            assert (
                (mark["fill"] == "#ffffff") == mark["datum"]["partial"] == (mark["datum"]["at"][:3] in {"Nov", "Mar"})
            )
        bars = [mark for mark in await reader.marks("q09") if mark["type"] == "rect"]
        assert len({mark["fill"] for mark in bars if mark["datum"]["partial"]}) == 1
        assert {mark["fill"] for mark in bars if mark["datum"]["partial"]}.isdisjoint(
            {mark["fill"] for mark in bars if not mark["datum"]["partial"]}
        )


@LONG
async def test_two_currencies_are_never_in_one_picture(visitor: Visitor, api: Api, folder: Path) -> None:
    async with reading(visitor, api, folder) as reader:
        for fragment, currency in (("#/insight", "USD"), ("#/insight?currency=KWD", "KWD")):
            await reader.read(fragment)
            for name in ("q01", "q03", "q06", "q09"):
                assert {datum["currency"] for datum in await reader.data(name)} == {currency}
            for name in ("q02", "q10"):
                assert {row[2 if name == "q02" else 0] for row in (await reader.table(name))[1:]} == {currency}


@LONG
async def test_filters_folds_and_tables_are_reached_by_keys(
    visitor: Visitor, api: Api, folder: Path, downloads: Path
) -> None:
    """The focus stays on the filter that is changed; what the pointer is told goes by Escape."""
    async with reading(visitor, api, folder) as reader:
        await reader.read("#/insight/q02")
        passed = await visitor.tab_to("filter-region")
        assert "filter-currency" in passed
        await visitor.press(Keys.DOWN)
        await visitor.until(visitor.fragment, "region=Northeast")
        await reader.settled()
        assert await visitor.focused() == "filter-region"
        await visitor.press(Keys.DOWN)
        await visitor.until(visitor.fragment, "region=South")
        await reader.settled()
        await visitor.tab_to("filter-clear")
        await visitor.press(Keys.ENTER)
        await reader.settled()
        await visitor.until(visitor.focused, "filter-currency")
        await visitor.tab_to("insight-again")
        await visitor.press(Keys.ENTER)
        await reader.settled()
        assert await visitor.focused() == "insight-again"
        await visitor.press(Keys.TAB, Keys.ENTER)
        await visitor.until(lambda: visitor.text("card-q02"), "A row for each region, category and currency")
        await visitor.press(Keys.TAB)
        assert await visitor.script("return document.activeElement.getAttribute('aria-label')") == (
            f"Numbers of: {question_of('q02').title}"
        )
        await visitor.press(Keys.TAB, Keys.ENTER)
        await visitor.until(lambda: visitor.text("card-q02"), "with customers as (")
        await visitor.press(Keys.TAB, Keys.TAB, Keys.ENTER)
        await visitor.until(lambda: present(arrived(downloads)), "True")

        await visitor.do(point_at_a_mark)
        await visitor.until(lambda: visitor.text("tip"), "customers")
        await visitor.press(Keys.ESCAPE)
        assert not await visitor.text("tip")


def point_at_a_mark(driver: Any) -> None:
    mark = driver.find_element("css selector", "#chart-q02 svg .mark-rect path")
    ActionChains(driver).move_to_element(mark).perform()


@LONG
@pytest.mark.parametrize(("scheme", "width_px"), [("light", 320), ("dark", WIDTH_PX), ("light", 3840), ("dark", 320)])
async def test_pictures_fit_and_are_accessible(
    visitor: Visitor, api: Api, folder: Path, scheme: str, width_px: int
) -> None:
    """All of them, and one alone with its folds open: never wider than the window, and nothing for axe to find."""
    async with reading(visitor, api, folder) as reader:
        await visitor.do(lambda driver: show_as(driver, scheme=scheme, width_px=width_px))
        for fragment in ("#/insight", "#/insight/q08"):
            await reader.read(fragment)
            if fragment != "#/insight":
                await reader.table("q08")
                await reader.of(SQL, "q08")
            assert await visitor.violations() == []
            assert await visitor.script("return document.documentElement.scrollWidth") == width_px
            wide = await visitor.script(
                "return Array.from(document.querySelectorAll('.chart')).filter((chart) => "
                "chart.scrollWidth > chart.clientWidth + 1).map(({ id }) => id).join()"
            )
            assert wide == ""


@LONG
async def test_pictures_follow_the_scheme_and_the_width(visitor: Visitor, api: Api, folder: Path) -> None:
    """Drawn again, without another question to the service."""
    async with reading(visitor, api, folder) as reader:
        await reader.read("#/insight/q05")
        asked = reader.between.passed
        width = "return Number(document.querySelector('#chart-q05 svg').getAttribute('width'))"
        colour = "return document.querySelector('#chart-q05 svg text').getAttribute('fill')"
        before, bright = await reader.of(width), await reader.of(colour)
        await visitor.do(lambda driver: show_as(driver, scheme="dark", width_px=600))
        await visitor.until(lambda: differs(reader, width, before), "True")
        await visitor.until(lambda: differs(reader, colour, bright), "True")
        assert reader.between.passed == asked


async def differs(reader: Reader, script: str, before: object) -> bool:
    return bool(await reader.of(script) != before)
