"""The load: totals that add up, rejections of either side by line."""

from collections.abc import Sequence

import pytest

from ingest.files.source import Source
from ingest.layouts.read_rows import Row
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import BulkDelivery, Delivered
from ingest.upload.loader import load_rows
from ingest.upload.totals import LoadTotals
from tests.txn_cli.builders import cells, parse_row, shared, sound, sound_rows
from tests.txn_cli.fake_api import FakeApi
from txn_cli.simulator.simulated_rows import simulate_rows


class Recorder:
    """Remembers what a load tells."""

    def __init__(self) -> None:
        self.totals: list[LoadTotals] = []
        self.rejections: list[Rejection] = []

    def __call__(self, totals: LoadTotals, rejections: Sequence[Rejection]) -> None:
        """Take what is told after a chunk."""
        self.totals.append(totals)
        self.rejections.extend(rejections)


async def test_rejections_of_both_sides_are_counted_once_a_row_and_told_by_line() -> None:
    api, told = FakeApi(), Recorder()
    rows: list[Row] = [
        sound(2),
        parse_row(cells(cc_num="2.7E+15", dob="?"), line=3),
        sound(4, cc_num="99990000", lat="91"),
        parse_row(cells(amt=""), line=5),
        sound(6),
    ]
    async with api.client() as client:
        totals = await load_rows(rows, BulkDelivery(client), on_settled=told)
    assert (totals.read, totals.accepted, totals.rejected) == (5, 2, 3)
    assert [(r.line, r.field) for r in told.rejections] == [
        (3, "cc_num"), (3, "dob"), (4, "cc_num"), (4, "lat"), (5, "amt")
    ]  # fmt: skip
    assert totals.faults == {
        "cc_num card_number_not_digits": 1,
        "cc_num card_number_luhn": 1,
        "dob date_format": 1,
        "lat number_out_of_range": 1,
        "amt value_missing": 1,
    }
    assert totals.receipts == ("receipt-1",)


async def test_progress_is_told_after_each_chunk() -> None:
    class Tens:
        rows_max = 10

        async def deliver(self, rows: Sequence[Row]) -> Delivered:
            return Delivered()

    told = Recorder()
    totals = await load_rows(sound_rows(25), Tens(), on_settled=told, linger_s=3600.0)
    assert [t.read for t in told.totals] == [10, 20, 25]
    assert totals.seconds >= told.totals[-1].seconds > 0


async def test_a_chunk_of_damaged_rows_alone_sends_nothing() -> None:
    api = FakeApi()
    async with api.client() as client:
        totals = await load_rows([parse_row(cells(amt="?"), line=2)], BulkDelivery(client))
    assert (totals.read, totals.rejected, api.requests) == (1, 1, [])


async def test_an_earlier_part_counts_with_the_rest() -> None:
    before = LoadTotals(accepted=7, rejected=3, seconds=100.0, receipts=("old",), faults={"amt amount_format": 3})
    async with FakeApi().client() as client:
        totals = await load_rows(sound_rows(5), BulkDelivery(client), before=before)
    assert (totals.read, totals.accepted, totals.rejected) == (15, 12, 3)
    assert totals.receipts == ("old", "receipt-1")
    assert totals.seconds >= 100.0


async def test_simulated_rows_load_without_a_rejection() -> None:
    rows = (parse_row(row, line=n) for n, row in enumerate(simulate_rows(rows=500, cards=20, seed=7), start=2))
    api = FakeApi()
    async with api.client() as client:
        totals = await load_rows(rows, BulkDelivery(client))
    assert (totals.accepted, totals.rejected, len(api.stored)) == (500, 0, 500)


async def test_a_mangled_file_is_rejected_row_by_row_and_nothing_of_it_is_sent() -> None:
    api, told = FakeApi(), Recorder()
    with Source.open(str(shared("kaggle_excel_mangled.csv"))) as source:
        async with api.client() as client:
            totals = await load_rows(source.rows(), BulkDelivery(client), on_settled=told)
    assert (totals.read, totals.accepted, totals.rejected) == (300, 0, 300)
    assert {rejection.line for rejection in told.rejections} == set(range(2, 302))
    assert api.requests == []


async def test_an_error_of_the_source_passes_through() -> None:
    def broken() -> Sequence[Row]:
        raise ValueError("unreadable")

    async with FakeApi().client() as client:
        with pytest.raises(ValueError, match="unreadable"):
            await load_rows((row for _ in range(1) for row in broken()), BulkDelivery(client))
