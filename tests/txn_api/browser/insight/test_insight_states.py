"""What the insight page says where there is nothing to draw, no service or no right, and how old what it shows is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import card_number
from tests.insight.conftest import publish
from tests.insight.test_bounds import ENDLESS
from tests.txn_api.browser.chromium import LONG, missing
from tests.txn_api.browser.insight.insight_facts import publish_crowd
from tests.txn_api.browser.insight.insight_reader import Reader, reading
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from warehouse.questions.catalogue import questions

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

RULE = "Cells of fewer than 5 customers are hidden"
LATER = """const now = Date.now(); Date.now = () => now + 600000;
document.dispatchEvent(new Event('visibilitychange'))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_crowd(tmp_path_factory.mktemp("crowd"))


async def says(reader: Reader, element_id: str, wanted: str) -> str:
    """Wait for what an element says."""
    return await reader.visitor.until(lambda: reader.visitor.text(element_id), wanted)


async def test_without_a_key_a_right_or_a_service_the_page_says_what_is_missing(
    visitor: Visitor, api: Api, folder: Path
) -> None:
    """And once there is one, it shows what the address asks for."""
    await visitor.open("#/insight")
    await visitor.give_key()
    await visitor.until(lambda: visitor.text("insight-problem"), "There is no insight service here")
    assert "txn up --warehouse" in await visitor.text("insight-problem")
    async with reading(visitor, api, folder) as reader:
        await visitor.open("#/insight/q12")
        await says(reader, "key-news", "No key yet")
        assert not await visitor.text("insight")
        assert reader.between.passed == 0
        await visitor.give_key(reader.service.key("transactions:read")["Authorization"].removeprefix("Bearer "))
        assert "insight:read" in await says(reader, "insight-problem", "scope_missing")
        await visitor.click("forget")
        await visitor.give_key("nobodys-key")
        await says(reader, "insight-problem", "401")
        await visitor.click("forget")
        await visitor.give_key(reader.service.client.headers["authorization"].removeprefix("Bearer "))
        await reader.settled()
        assert await reader.cards() == ["q12"]
        assert await visitor.text("insight-problem") == ""
        await visitor.click("forget")
        await visitor.go("#/insight")
        await says(reader, "key-news", "No key yet")
        assert not await visitor.text("insight")


@LONG
async def test_addresses_that_name_nothing_say_so(visitor: Visitor, api: Api, folder: Path) -> None:
    """What a question does not carry is not asked, and what looks like a card number is not sent."""
    async with reading(visitor, api, folder) as reader:
        await reader.open("#/insight/q99")
        await says(reader, "insight-news", "There is no such question.")
        await reader.read("#/insight?region=Atlantis")
        assert "No rows: the choice above leaves none." in await visitor.text("card-q01")
        assert await visitor.script("return arguments[0].value", "filter-region") == "Atlantis"
        assert (await reader.table("q01"))[1:] == []
        assert await reader.marks("q05")
        await reader.go("#/insight/q05?region=South&nothing=1")
        assert len(await reader.table("q05")) == 1 + 7 * 24
        await reader.go("#/insight/q09?from=banana")
        assert "parameter_invalid" in await visitor.text("card-q09")
        assert "undefined" not in await visitor.text("insight-filters")
        await reader.go("#/insight/q09?from=2025-03&to=2024-11")
        assert "parameter_invalid" in await visitor.text("card-q09")
        before = reader.between.passed
        for fragment in (f"#/insight?region={card_number(7)}", f"#/insight/{card_number(7)}"):
            await visitor.go(fragment)
            await says(reader, "insight-news", "looks like a card number")
        assert reader.between.passed == before
        assert card_number(7) not in await visitor.title()


@LONG
async def test_what_is_being_read_is_said_and_leaving_ends_it(visitor: Visitor, api: Api, folder: Path) -> None:
    """The page first, then each card; what comes late changes no other page."""
    async with reading(visitor, api, folder) as reader:
        held, first = reader.between.hold("/insight/questions/q12"), reader.between.hold("/insight/questions")
        await reader.open("#/insight")
        await says(reader, "insight-news", "Reading …")
        first.set()
        await says(reader, "insight-cards", "Numbers")
        assert "Reading …" in await visitor.text("chart-q12")
        assert await visitor.script("return arguments[0].getAttribute('aria-busy')", "card-q12") == "true"
        held.set()
        await reader.settled()
        held = reader.between.hold("/insight/questions/q05")
        await reader.changing("location.hash = '#/insight/q05'")
        await visitor.go("#/upload")
        await visitor.until(visitor.title, "Upload")
        held.set()
        await visitor.until(lambda: shown(reader), "['q05']")
        await reader.settled()
        assert await visitor.title() == "Upload · txn-api"


async def shown(reader: Reader) -> str:
    """Which cards there are, also where they are not to be seen."""
    return str(await reader.cards())


@LONG
async def test_before_the_first_build_there_is_a_way_to_try_again(visitor: Visitor, api: Api, tmp_path: Path) -> None:
    async with reading(visitor, api, tmp_path / "warehouse") as reader:
        await reader.open()
        await says(reader, "insight-problem", "warehouse_not_built")
        publish(tmp_path / "warehouse")
        await visitor.script("arguments[0].querySelector('button').click()", "insight-problem")
        await reader.settled()
        assert len(await reader.cards()) == 12


@LONG
async def test_a_question_that_fails_leaves_the_others_and_may_be_tried_again(
    visitor: Visitor, api: Api, folder: Path
) -> None:
    """One that runs too long is ended by the service; one that is refused once is answered then."""
    asked = [replace(each, sql=ENDLESS) if each.name == "q12" else each for each in questions()]
    async with reading(visitor, api, folder, asked, insight_timeout_s=2.0) as reader:
        reader.between.refuse("/insight/questions/q05", 503, "overloaded", "Too much at once")
        await reader.read()
        assert "query_too_long" in await visitor.text("problem-q12")
        assert "Try again" in await visitor.text("problem-q12")
        assert await visitor.text("chart-q12") == ""
        assert "503 Too much at once" in await visitor.text("problem-q05")
        assert await reader.data("q01")
        await visitor.script("arguments[0].querySelector('button').click()", "problem-q05")
        await says(reader, "card-q05", "Numbers")
        await reader.settled()
        assert await visitor.text("problem-q05") == ""
        assert len(await reader.data("q05")) == 168


@LONG
async def test_what_is_hidden_as_a_whole_says_why(visitor: Visitor, api: Api, tmp_path: Path) -> None:
    """And what is hidden in part has its sign in the table, in the picture and in a note."""
    async with reading(visitor, api, publish(tmp_path / "warehouse")) as reader:
        await reader.read()
        assert RULE in await visitor.text("chart-q10")
        assert await visitor.script("return arguments[0].getAttribute('role')", "chart-q10") is None
        assert {tuple(row[4:]) for row in (await reader.table("q10"))[1:]} == {("⊘",) * 4}
        assert RULE in await visitor.text("card-q02")
        hidden = [datum for datum in await reader.data("q02") if datum["hidden"]]
        assert hidden
        assert {datum["tip"].rpartition(": ")[2] for datum in hidden} == {"hidden"}
        texts = [mark["content"] for mark in await reader.marks("q02") if mark["type"] == "text"]
        assert texts.count("⊘") == len(hidden)
    async with reading(visitor, api, publish(tmp_path / "one", count=1)) as reader:
        await reader.read()
        for name in ("q01", "q09", "q11"):
            assert RULE in await visitor.text(f"chart-{name}")
            assert "Too few cells are shown" in await visitor.text(f"card-{name}")


@LONG
async def test_a_table_shows_its_first_rows_and_the_file_has_all(visitor: Visitor, api: Api, folder: Path) -> None:
    async with reading(visitor, api, folder) as reader:
        answer = await reader.service.answer("q06", currency="USD")
        made = [row for number in range(2_000) for row in [[*numbered(answer["rows"], number)]]]
        huge = answer | {"rows": made, "suppressed": answer["suppressed"] | {"cells": 0, "rows": []}}
        reader.between.answer("/insight/questions/q06", huge)
        await reader.open("#/insight")
        await reader.settled()
        rows = await reader.table("q06")
        assert len(rows) == 1 + 500
        assert "The first 500 of 2,000 rows; the file has all." in await visitor.text("card-q06")
        assert rows[-1][3] == "Merchant 499"


def numbered(rows: list[list[Any]], number: int) -> list[Any]:
    category, currency, *_ = rows[number % len(rows)]
    return [category, currency, 1 + number % 5, f"Merchant {number}", 9, 90, 1.5 * number]


@LONG
async def test_a_service_that_goes_is_told_and_what_was_read_stays(visitor: Visitor, api: Api, folder: Path) -> None:
    """As old as it is: that is marked after five minutes."""
    async with reading(visitor, api, folder) as reader:
        await reader.read()
        assert await visitor.text("insight-age") == "Read just now"
        await reader.gone()
        await visitor.click("insight-again")
        await says(reader, "insight-problem", "No answer")
        assert "Try again" in await visitor.text("insight-problem")
        assert await reader.data("q01")
        await visitor.script(LATER)
        assert await visitor.text("insight-age") == "Read 10 min ago: there may be newer numbers by now"
        assert await visitor.script("return arguments[0].className", "insight-age") == "stale"
        await reader.of("document.querySelector('#card-q01 .folds button').click()")
        await says(reader, "problem-q01", "No answer")
        await reader.changing("location.hash = '#/insight?region=South'")
        await visitor.until(lambda: visitor.text("insight-news"), "")
        await says(reader, "insight-problem", "No answer")
        assert not await visitor.text("insight")
