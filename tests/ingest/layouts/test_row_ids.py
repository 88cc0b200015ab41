"""Ids of rows that have none: the same for the same file, and no help to whoever looks for card numbers (ADR 34)."""

import re
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layouts.kaggle import COLUMNS
from ingest.layouts.ordinals import Ordinals
from ingest.layouts.read_rows import SoundRow
from tests.ingest.layouts.files import read, sound, written
from tests.txn_cli.builders import CARD, body_of, cells, csv_of
from txn_cli.simulator.cards import with_check_digit
from txn_cli.simulator.simulated_rows import simulate_rows
from txn_core.card_numbers.pan import mask
from txn_core.transactions.faults import ID_PATTERN

WITHOUT_ID = [name for name in COLUMNS if name != "trans_num"]


def ids(rows: list[SoundRow]) -> list[str]:
    return [str(body_of(row)["transaction_id"]) for row in rows]


def ids_of(*changes: dict[str, str]) -> list[str]:
    return ids(sound(read(csv_of([cells(0, **change) for change in changes], WITHOUT_ID))))


def test_known_answers() -> None:
    """What was derived once is stored: another derivation would store every row of the file again."""
    assert ids_of({}, {}, {"amt": "5"}) == [
        "row_0622ea7cbceb217c1b733c40c16368ce",
        "row_1d8937727211bbc9b4c587dda62b73ce",
        "row_99193af0bea12d77443a765738c90028",
    ]


def test_ids_fit_the_service_and_differ_from_row_to_row() -> None:
    content = written(simulate_rows(rows=2_000, cards=50, seed=4), WITHOUT_ID)
    found = ids(sound(read(content)))
    assert len(set(found)) == 2_000
    assert all(re.fullmatch(ID_PATTERN, one) for one in found)
    assert found == ids(sound(read(content)))


def test_rows_that_are_alike_are_told_apart_by_their_order() -> None:
    first, second, third = ids_of({}, {}, {})
    assert len({first, second, third}) == 3
    assert ids_of({"amt": "1"}, {}, {"amt": "2"}, {})[1::2] == [first, second]


def test_a_file_that_goes_on_keeps_the_ids_of_its_rows() -> None:
    """So the next month's export may begin with this month's rows."""
    assert ids_of({}, {"amt": "1"}, {}, {"amt": "2"})[:2] == ids_of({}, {"amt": "1"})


@pytest.mark.parametrize(
    "change",
    [
        {"cc_num": with_check_digit("999900000001111")},
        {"amt": "4.98"},
        {"trans_date_trans_time": "2019-01-01 00:00:19"},
        {"merchant": "fraud_Another"},
    ],
)
def test_what_tells_transactions_apart_changes_the_id(change: dict[str, str]) -> None:
    assert ids_of({}) != ids_of(change)


@pytest.mark.parametrize("change", [{"first": "Jenny"}, {"category": "misc"}, {"is_fraud": "1"}, {"city": ""}])
def test_what_may_be_corrected_later_does_not(change: dict[str, str]) -> None:
    assert ids_of({}) == ids_of(change)


def alike() -> list[str]:
    """Card numbers that cannot be told apart when they are masked."""
    bodies = [f"999900{middle:05d}{last:04d}" for middle in range(2_000) for last in [0]]
    numbers = [with_check_digit(body) for body in bodies]
    most = Counter(map(mask, numbers)).most_common(1)[0][0]
    return [number for number in numbers if mask(number) == most]


def test_an_id_says_nothing_of_the_digits_that_a_mask_hides() -> None:
    """Whoever knows all that is stored beside an id cannot try card numbers against it: each gives the same id."""
    assert len(alike()) > 100
    assert len({ids_of({"cc_num": number})[0] for number in alike()[:100]}) == 1


def test_cards_that_look_alike_are_told_apart_in_a_file() -> None:
    one, other = alike()[:2]
    assert len(set(ids_of({"cc_num": one}, {"cc_num": other}))) == 2


def test_a_row_with_an_id_keeps_it_and_one_with_an_empty_cell_gets_one() -> None:
    rows = sound(read(csv_of([cells(1), cells(2, trans_num="")])))
    assert ids(rows) == [f"{1:032x}", ids_of({})[0]]


def test_a_damaged_row_is_not_counted() -> None:
    content = csv_of([cells(), cells(job="two\nlines"), cells()], WITHOUT_ID)
    rows = [row for row in read(content) if isinstance(row, SoundRow)]
    assert ids(rows) == ids_of({}, {})


def test_one_card_number_in_two_spellings_of_time_and_amount_is_one_row() -> None:
    """Layouts write one transaction in different ways."""
    row = {
        "time": "2019-01-01T01:00:18+01:00", "card_number": CARD, "amount_minor": "497", "currency": "USD",
        "merchant": "Rippin, Kub and Mann", "booked_at": "2019-01-01T01:00:18+01:00",
    }  # fmt: skip
    assert ids(sound(read(written([row], list(row))))) == ids_of({})


@given(st.lists(st.integers(0, 50) | st.integers(0, 2**64 - 1), max_size=500))
def test_ordinals_count_as_a_dictionary_would(fingerprints: list[int]) -> None:
    ordinals, counts = Ordinals(), Counter[int]()
    for fingerprint in fingerprints:
        key = fingerprint or 1
        counts[key] += 1
        assert ordinals.next(fingerprint) == counts[key]


def test_ordinals_grow_and_stay_compact() -> None:
    tracemalloc.start()
    try:
        ordinals = Ordinals()
        rows = 20_000
        assert all(ordinals.next(number * 0x9E3779B97F4A7C15 % 2**64) == 1 for number in range(rows))
        assert tracemalloc.get_traced_memory()[0] < 40 * rows
    finally:
        tracemalloc.stop()
    assert all(ordinals.next(number * 0x9E3779B97F4A7C15 % 2**64) == 2 for number in range(rows))
