"""The insight page over the sample file's warehouse, against sums over the file itself that no code of ours makes."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

import pytest

from tests.txn_api.browser.chromium import LONG, missing
from tests.txn_api.browser.insight.insight_reader import Reader, reading
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from tests.warehouse.questions.sample_warehouse import SAMPLE, WHERE_WANTED, sample_warehouse

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {', '.join(missing())}"), LONG, *WHERE_WANTED,
]  # fmt: skip

CUSTOMERS_MIN: Final = 5
STATES: Final = {
    "Northeast": "CT ME MA NH RI VT NJ NY PA",
    "Midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "South": "DE DC FL GA MD NC SC VA WV AL KY MS TN AR LA OK TX",
    "West": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}
"""By the Census Bureau."""
REGIONS: Final = {state: region for region, states in STATES.items() for state in states.split()}
HIDDEN: Final = "⊘"

Table = dict[tuple[str, ...], list[str]]
"""What a table shows, by the keys of its rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file. A card is a customer, known by its place in the order of appearance."""

    at: datetime
    customer: int
    merchant: str
    category: str
    amount: Decimal
    gender: str
    state: str
    is_fraud: bool

    @property
    def month(self) -> date:
        return self.at.date().replace(day=1)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    customers: dict[str, int] = {}
    with gzip.open(SAMPLE, "rt", newline="") as file:
        return [
            Row(
                datetime.fromisoformat(row["trans_date_trans_time"]),
                customers.setdefault(row["cc_num"], len(customers)),
                row["merchant"].removeprefix("fraud_"),
                row["category"],
                Decimal(row["amt"]),
                row["gender"],
                row["state"],
                row["is_fraud"] == "1",
            )
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_warehouse(tmp_path_factory)


async def test_the_numbers_are_those_of_the_file(visitor: Visitor, api: Api, rows: list[Row], folder: Path) -> None:
    """Equal to the cent, for seven questions; and nothing of fewer than five customers is shown."""
    async with reading(visitor, api, folder, insight_timeout_s=60) as reader:
        await reader.read()
        await check(reader, "q01", 3, spend(rows))
        await check(reader, "q02", 3, preferences(rows))
        await check(reader, "q03", 3, by_gender(rows))
        await check(reader, "q05", 3, hours(rows))
        await check(reader, "q06", 4, merchants(rows))
        await check(reader, "q07", 1, frauds(rows), skipped=1)
        await check(reader, "q09", 2, growth(rows))


async def check(reader: Reader, name: str, keys: int, expected: Table, *, skipped: int = 0) -> None:
    """The values of a table begin with those that are expected, unless they are hidden, as all small ones are.

    Columns behind the keys may be skipped, such as the name of a state.
    """
    heads, *lines = await reader.table(name)
    at = heads.index("customers") - keys - skipped
    shown = {tuple(cell.removesuffix(" *") for cell in line[:keys]): line[keys + skipped :] for line in lines}
    assert set(shown) == set(expected), name
    for key, values in expected.items():
        if shown[key][at] == HIDDEN:
            assert set(shown[key]) == {HIDDEN}
            continue
        assert int(values[at].replace(",", "")) >= CUSTOMERS_MIN, (name, key)
        assert shown[key][: len(values)] == values, (name, key)
    hidden = sum(values[at] == HIDDEN for values in shown.values())
    assert hidden < len(shown) / 2


def groups(rows: Iterable[Row], key_of: Callable[[Row], tuple[str, ...]]) -> dict[tuple[str, ...], list[Row]]:
    found: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[key_of(row)].append(row)
    return found


def people(rows: Iterable[Row]) -> int:
    return len({row.customer for row in rows})


def spent(rows: Iterable[Row]) -> Decimal:
    return sum((row.amount for row in rows), Decimal())


def said(value: Decimal | int, decimals: int = 0) -> str:
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,f}"


def spend(rows: list[Row]) -> Table:
    return {
        key: [said(people(own)), said(len(own)), said(spent(own), 3), said(spent(own) / len(own), 3)]
        for key, own in groups(rows, lambda row: (str(row.month), REGIONS[row.state], "USD")).items()
    }


def preferences(rows: list[Row]) -> Table:
    of_region = {key: spent(own) for (key,), own in groups(rows, lambda row: (REGIONS[row.state],)).items()}
    of_category = {key: spent(own) for (key,), own in groups(rows, lambda row: (row.category,)).items()}
    all_of_it = spent(rows)
    found: Table = {}
    for (region, category, currency), own in groups(
        rows, lambda row: (REGIONS[row.state], row.category, "USD")
    ).items():
        share, everywhere = 100 * spent(own) / of_region[region], 100 * of_category[category] / all_of_it
        texts = [said(people(own)), said(share, 2), said(everywhere, 2), said(100 * share / everywhere)]
        found[region, category, currency] = texts
    return found


def by_gender(rows: list[Row]) -> Table:
    return {
        key: [said(count := people(own)), said(Decimal(len(own)) / count, 1), said(spent(own) / count, 3)]
        for key, own in groups(rows, lambda row: (row.category, row.gender, "USD")).items()
    }


def hours(rows: list[Row]) -> Table:
    cells = groups(rows, lambda row: (str(row.at.isoweekday()), f"{row.at:%A}", str(row.at.hour)))
    return {
        key: [said(people(own)), said(len(own)), said(Decimal(100 * len(own)) / len(rows), 2)]
        for key, own in cells.items()
    }


def merchants(rows: list[Row]) -> Table:
    """The first five of each category; no two of them take the same."""
    found: Table = {}
    of_category = defaultdict(list)
    for (category, merchant), own in groups(rows, lambda row: (row.category, row.merchant)).items():
        of_category[category].append((spent(own), merchant, own))
    for category, leading in of_category.items():
        for standing, (net, merchant, own) in enumerate(sorted(leading, reverse=True)[:5], 1):
            found[category, "USD", str(standing), merchant] = [said(people(own)), said(len(own)), said(net, 3)]
    return found


def frauds(rows: list[Row]) -> Table:
    counts = Counter(row.state for row in rows if row.is_fraud)
    return {
        (state,): [
            said(people(own)), said(len(own)), said(counts[state]),
            said(Decimal(10_000 * counts[state]) / len(own), 1),
        ]
        for (state,), own in groups(rows, lambda row: (row.state,)).items()
    }  # fmt: skip


def growth(rows: list[Row]) -> Table:
    """A month has the days that lie within the data."""
    first, last = min(row.at for row in rows).date(), max(row.at for row in rows).date()
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    days = Counter(day.replace(day=1) for day in span)
    before: tuple[Decimal, Decimal] | None = None
    found: Table = {}
    for (month, currency), own in sorted(groups(rows, lambda row: (str(row.month), "USD")).items()):
        length = days[date.fromisoformat(month)]
        now = (Decimal(len(own)) / length, spent(own) / length)
        grown = ["", ""] if before is None else [said(100 * (n - b) / b, 1) for n, b in zip(now, before, strict=True)]
        found[month, currency] = [said(people(own)), said(length), said(now[0], 1), said(now[1], 3), *grown]
        before = now
    return found
