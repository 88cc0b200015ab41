"""Each number that the insight page shows, in tables and in pictures, against plain Python over the same facts."""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from tests.txn_api.browser.chromium import LONG, missing
from tests.txn_api.browser.insight.insight_facts import Cell, answer_of, oracle_of, publish_crowd
from tests.txn_api.browser.insight.insight_pictures import HIDDEN, PICTURED
from tests.txn_api.browser.insight.insight_reader import Reader, reading
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from warehouse.questions.catalogue import question_of

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}")

LOW, HIGH, BELOW, EVEN = (0xE3, 0xEE, 0xF9), (0x0B, 0x4A, 0x8F), (0xC0, 0x5A, 0x0E), (0xFF, 0xFF, 0xFF)
"""The colours of the light scheme."""
BY_SIZE: Final = ("q05", "q08", "q10")
AROUND_100: Final = ("q02", "q04")
PLACED: Final = {
    "q01": ("symbol", "y", "net"),
    "q03": ("symbol", "x", "net_a_customer"),
    "q06": ("rect", "x2", "net"),
    "q07": ("symbol", "x", "frauds_in_10000"),
    "q09": ("rect", "height", "net_a_day"),
}
"""Of the marks of a type, what stands where by which number."""
WRITTEN: Final = dict.fromkeys(("q02", "q04", "q05", "q08", "q10", "q11", "q12"), ("text",)) | {
    "q06": ("merchant",), "q09": ("label", "days_label"),
}  # fmt: skip
"""What is written on the marks."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_crowd(tmp_path_factory.mktemp("crowd"))


async def test_each_number_is_that_of_plain_python(visitor: Visitor, api: Api, folder: Path) -> None:
    """Equal to the cent, in tables and in what the pointer is told; so are the places and colours of the marks."""
    oracle = oracle_of(folder)
    async with reading(visitor, api, folder) as reader:
        await reader.read()
        assert sorted(await reader.cards()) == sorted(PICTURED)
        for name in PICTURED:
            await check(reader, name, answer_of(oracle, name))


@LONG
@pytest.mark.parametrize("currency", ["JPY", "KWD"])
async def test_amounts_have_the_decimals_of_their_currency(
    visitor: Visitor, api: Api, folder: Path, currency: str
) -> None:
    """Of none, and of three."""
    oracle = oracle_of(folder)
    async with reading(visitor, api, folder) as reader:
        await reader.read(f"#/insight?currency={currency}")
        for name in ("q01", "q02", "q03", "q06", "q09", "q10"):
            await check(reader, name, answer_of(oracle, name, currency))


async def check(reader: Reader, name: str, cells: list[Cell]) -> None:
    """Everything that a card shows of an answer."""
    assert any(not cell["hidden"] for cell in cells)
    heads, *rows = await reader.table(name)
    assert heads == [column.name.replace("_", " ") for column in question_of(name).columns]
    assert rows == [in_table(name, cell) for cell in cells], name
    expected = [mark for mark in PICTURED[name](cells) if mark.get("value", 0) is not None or mark["hidden"]]
    found = [{key: datum.get(key) for key in expected[0]} for datum in await reader.data(name)]
    assert canonical(found) == canonical(expected), name
    await check_texts(reader, name, expected)
    await check_places(reader, name)
    await check_colours(reader, name)


def in_table(name: str, cell: Cell) -> list[str]:
    """The texts of a row of a table."""
    columns = question_of(name).columns
    texts = [
        HIDDEN if (cell["hidden"] and not column.is_key) or column.name in cell["hidden_values"] else text_of(value)
        for column in columns
        for value in [cell[column.name]]
    ]
    return [f"{texts[0]} *" if cell["partial"] else texts[0], *texts[1:]]


def text_of(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def canonical(marks: Iterable[dict[str, Any]]) -> list[str]:
    """Marks in an order of their own, their numbers as doubles with nine digits."""
    return sorted(json.dumps({key: rounded(value) for key, value in mark.items()}, sort_keys=True) for mark in marks)


def rounded(value: object) -> object:
    is_number = isinstance(value, int | float | Decimal | Fraction) and not isinstance(value, bool)
    return f"{float(value):.9g}" if is_number else value  # type: ignore[arg-type]


async def check_texts(reader: Reader, name: str, expected: list[dict[str, Any]]) -> None:
    """What stands on the marks is what belongs there."""
    if name not in WRITTEN:
        return
    wanted = [mark[field] for mark in expected for field in WRITTEN[name] if mark[field]]
    marks = [mark for mark in await reader.marks(name) if mark["type"] == "text" and mark["role"] == "mark"]
    assert sorted(mark["content"] for mark in marks if mark["content"]) == sorted(wanted), name


async def check_places(reader: Reader, name: str) -> None:
    """A mark stands where its number says: as far apart as the numbers are, to the pixel."""
    if name not in PLACED:
        return
    kind, channel, field = PLACED[name]
    marks = [m for m in await reader.marks(name) if m["role"] == "mark" and m["type"] == kind and "tip" in m["datum"]]
    assert marks
    pairs = [(mark["datum"][field], mark[channel]) for mark in marks]
    if channel == "height":
        pairs = [(abs(value), place) for value, place in pairs]
    if name == "q07":
        rules = [m for m in await reader.marks(name) if m["type"] == "rule" and "tip" in m["datum"]]
        assert len(rules) == len(marks)
        for rule in rules:
            ends = (rule["datum"]["from_at_least"], rule["datum"]["to_at_most"])
            pairs += zip(ends, sorted((rule["x"], rule["x2"])), strict=True)
    assert_in_line(pairs)


def assert_in_line(pairs: Sequence[tuple[float, float]]) -> None:
    (low, at_low), (high, at_high) = min(pairs), max(pairs)
    for value, place in pairs:
        wanted = at_low if high == low else at_low + (at_high - at_low) * (value - low) / (high - low)
        assert abs(place - wanted) < 1, (value, place, wanted)


async def check_colours(reader: Reader, name: str) -> None:
    """The colour of a cell of a map is as far from one end to the other as its number is."""
    if name not in (*BY_SIZE, *AROUND_100):
        return
    cells = [m for m in await reader.marks(name) if m["type"] == "rect" and m["role"] == "mark"]
    full = [cell for cell in cells if not cell["datum"]["hidden"]]
    values = [cell["datum"]["value"] for cell in full]
    most = max(0, *values) if name in BY_SIZE else max(abs(value - 100) for value in values)
    most = most or 1
    for cell, value in zip(full, values, strict=True):
        if name in BY_SIZE:
            wanted = between(LOW, HIGH, max(0, value) / most)
        else:
            wanted = between(EVEN, HIGH if value > 100 else BELOW, abs(value - 100) / most)
        drawn = [int(part) for part in re.findall(r"\d+", cell["fill"])]
        assert all(abs(one - other) <= 1 for one, other in zip(drawn, wanted, strict=True)), (value, cell["fill"])


def between(one: Sequence[int], other: Sequence[int], part: float) -> list[float]:
    return [a + (b - a) * part for a, b in zip(one, other, strict=True)]
