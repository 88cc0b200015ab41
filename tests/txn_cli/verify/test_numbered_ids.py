"""Ids and their rows."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from txn_cli.verify.numbered_ids import NumberedIds

ROWS = 50_000
BYTES_MAX = 32 + 8 * 5  # of a row with an id of 32 characters, and what arrays keep to grow into


def ids_of(texts: list[str]) -> NumberedIds:
    ids = NumberedIds()
    for text in texts:
        ids.add(text)
    return ids


@given(st.lists(st.text("ab\u00e9", max_size=3)), st.text("ab\u00e9", max_size=3))
def test_numbers_and_ids_are_those_of_a_list(texts: list[str], other: str) -> None:
    ids = ids_of(texts)
    assert [ids[number] for number in range(len(ids))] == texts
    for text in {*texts, other}:
        assert list(ids.numbers_of(text)) == [number for number, each in enumerate(texts) if each == text]


def test_an_id_that_is_added_behind_a_look_is_found() -> None:
    ids = ids_of(["one"])
    assert list(ids.numbers_of("two")) == []
    ids.add("two")
    ids.add("one")
    assert (list(ids.numbers_of("one")), list(ids.numbers_of("two"))) == ([0, 2], [1])


def test_ids_of_one_hash_are_told_apart() -> None:
    ids = ids_of(["one", "two", "one"])
    ids._hashes[1] = ids._hashes[0]
    assert list(ids.numbers_of("one")) == [0, 2]


def test_two_million_rows_take_little_memory() -> None:
    tracemalloc.start()
    try:
        ids = NumberedIds()
        for number in range(ROWS):
            ids.add(f"{number:032x}")
        assert list(ids.numbers_of(f"{7:032x}")) == [7]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / ROWS < BYTES_MAX
