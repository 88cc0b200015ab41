"""What a demonstration loads, and what it looks up."""

from collections import Counter
from pathlib import Path

from ingest.layouts.read_rows import SoundRow
from txn_cli.demo.demo_rows import SEED, SIMULATED_CARDS, Tally, demo_rows
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows


def test_simulated_rows_are_as_many_as_asked_for_and_sound() -> None:
    with demo_rows(None, 50) as (rows, count):
        found = list(rows)
    assert count == len(found) == 50
    assert all(isinstance(row, SoundRow) for row in found)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as target:
        write_rows(simulate_rows(rows=9, cards=3, seed=2), target)
    with demo_rows(file, 4) as (rows, count):
        assert (len(list(rows)), count) == (4, 4)
    with demo_rows(file, None) as (rows, count):
        assert (len(list(rows)), count) == (9, None)


def test_the_busiest_card_and_merchant_are_worth_a_look() -> None:
    made = list(simulate_rows(rows=300, cards=SIMULATED_CARDS, seed=SEED))
    tally = Tally()
    with demo_rows(None, 300) as (rows, _):
        assert len(list(tally.of(rows))) == tally.rows == 300
    assert tally.cards == Counter(row["cc_num"] for row in made)
    card, merchant = tally.busiest()
    assert tally.cards[card] == max(tally.cards.values())
    assert tally.merchants[merchant] == max(tally.merchants.values())
    assert card not in repr(tally)
