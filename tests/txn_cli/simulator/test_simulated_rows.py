"""Simulated rows: as the sample data is, and the same bytes for the same seed."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow
from tests.txn_cli.builders import parse_row, shared
from txn_cli.simulator.simulated_rows import _seven_years_before, simulate_rows, write_rows
from txn_core.transactions.reading import read_submission

GOLDEN_SHA256 = "6b6ff34e5634d9887b68c421ddd1be5993c443ebe0db20acfd14b39dc4f55575"


TODAY = "2026-01-02"


@pytest.fixture(scope="module")
def simulated() -> list[dict[str, str]]:
    """Ten thousand rows of two hundred cards."""
    return list(simulate_rows(rows=10_000, cards=200, seed=3))


def text_of(*, rows: int, cards: int = 20, seed: int = 1) -> str:
    text = io.StringIO()
    write_rows(simulate_rows(rows=rows, cards=cards, seed=seed), text)
    return text.getvalue()


def test_a_seed_makes_the_bytes_it_has_always_made() -> None:
    assert hashlib.sha256(text_of(rows=1_000).encode()).hexdigest() == GOLDEN_SHA256


def test_the_bytes_do_not_depend_on_the_process() -> None:
    program = "import sys; from txn_cli.simulator.simulated_rows import simulate_rows, write_rows; "
    program += "write_rows(simulate_rows(rows=50, cards=20, seed=1), sys.stdout)"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {text_of(rows=50).encode()}


def test_fewer_rows_are_the_beginning_of_more() -> None:
    assert text_of(rows=100).startswith(text_of(rows=40))


def test_other_seeds_and_numbers_of_cards_make_other_ids() -> None:
    ids = [
        row["trans_num"]
        for seed, cards in [(1, 20), (2, 20), (1, 21)]
        for row in simulate_rows(rows=100, cards=cards, seed=seed)
    ]
    assert len(set(ids)) == 300


def test_rows_are_sound_and_accepted_by_the_service_s_own_rules(simulated: list[dict[str, str]]) -> None:
    for number, cells in enumerate(simulated[::7], start=2):  # of all cards, from the first day to the last
        row = parse_row(cells, line=number)
        assert isinstance(row, SoundRow)
        read_submission(row.body, None, request_text="", today=TODAY)


def test_the_written_layout_reads_back() -> None:
    rows = list(read_rows(io.BytesIO(text_of(rows=100).encode())))
    assert len(rows) == 100
    assert all(isinstance(row, SoundRow) for row in rows)


def test_the_header_is_that_of_the_sample_data() -> None:
    with gzip.open(shared("kaggle_like_dev.csv.gz"), "rt", newline="") as file:
        assert next(file).rstrip("\r\n") == text_of(rows=0).rstrip("\n")


def test_time_ascends(simulated: list[dict[str, str]]) -> None:
    times = [row["trans_date_trans_time"] for row in simulated]
    assert times == sorted(times)
    days = (datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])).days
    assert 15 < days < 40  # about two purchases a card and day


def test_each_card_has_one_customer_and_each_customer_one_card(simulated: list[dict[str, str]]) -> None:
    holders = defaultdict(set)
    for row in simulated:
        holders[row["cc_num"]].add((row["first"], row["last"], row["street"], row["dob"], row["job"]))
    assert all(len(customers) == 1 for customers in holders.values())
    assert 190 < len(holders) <= 200


def test_names_hold_what_makes_csv_and_lookups_hard(simulated: list[dict[str, str]]) -> None:
    merchants = {row["merchant"] for row in simulated}
    assert all(name.startswith("fraud_") for name in merchants)
    assert any("," in name for name in merchants)
    assert any("'" in name for name in merchants)
    assert any("," in row["job"] for row in simulated)
    categories = defaultdict(set)
    for row in simulated:
        categories[row["merchant"]].add(row["category"])
    assert 1 <= sum(len(own) > 1 for own in categories.values()) <= 14


def test_few_merchants_have_much_of_the_trade(simulated: list[dict[str, str]]) -> None:
    """As in real life, and unlike the sample data."""
    counts = [count for _, count in Counter(row["merchant"] for row in simulated).most_common()]
    assert sum(counts[:20]) > sum(counts) / 4


def test_frauds_are_rare_and_dear(simulated: list[dict[str, str]]) -> None:
    frauds = [float(row["amt"]) for row in simulated if row["is_fraud"] == "1"]
    assert 0.005 < len(frauds) / len(simulated) < 0.01
    assert sum(frauds) / len(frauds) > 200


def test_zip_codes_have_lost_their_leading_zeros(simulated: list[dict[str, str]]) -> None:
    lengths = Counter(len(row["zip"]) for row in simulated)
    assert set(lengths) == {4, 5}


def test_a_leap_day_is_no_stumbling_block() -> None:
    def shifted(*when: int) -> str:
        return f"{_seven_years_before(datetime(*when, tzinfo=UTC)):%Y-%m-%d}"  # type: ignore[misc,arg-type]

    assert shifted(2020, 2, 29) == "2013-02-28"
    assert shifted(2020, 3, 1) == "2013-03-01"
