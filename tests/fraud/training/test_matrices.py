"""A part of the rows gets the features that it gets among all of them, from fewer rows."""

import random
from dataclasses import replace

import pytest

pytest.importorskip("numpy", reason="the extra `train`")

import numpy as np

from fraud.features.catalogue import stage2_of
from fraud.history.card_history import HORIZON_S, CardHistory
from fraud.training.labelled import DAY_S, Labelled
from fraud.training.matrices import LearningRows
from tests.fraud.training.made_rows import BEGAN_S, row

_MODEL = "of a test"


def scattered(card: int, rng: random.Random, rows: int = 70) -> list[Labelled]:
    """Rows of one card in the order of the stream: some late, some refunds, some after a horizon without any."""
    found, at_s = [], BEGAN_S
    for _ in range(rows):
        at_s += rng.choice(
            (3_600, DAY_S, DAY_S, 2 * DAY_S) if rng.random() < 0.95 else (HORIZON_S - 1, HORIZON_S + 9)
        )
        late_s = rng.choice((600, 5 * DAY_S, HORIZON_S + DAY_S)) if rng.random() < 0.1 else 0
        made = row(card, at_s - late_s, 1_000, rng)
        kind = "refund" if rng.random() < 0.1 else "purchase"
        found.append(replace(made, observation=replace(made.observation, type=kind)))
    return found


def test_a_part_gets_the_values_that_it_gets_among_all_rows() -> None:
    rng = random.Random(7)
    cards = {f"card_{number}": scattered(number, rng) for number in range(12)}
    rows = LearningRows.of(cards)
    said = [rng.randrange(-8_000, 4_000) for _ in rows.rows]
    everything = np.ones(len(said), dtype=bool)
    whole = rows.both(said, everything)
    begin = 0
    for length in rows.lengths:
        history = CardHistory.empty()
        for place in range(begin, begin + length):
            observation = rows.rows[place].observation
            values = stage2_of(observation, history, _MODEL, said[place])
            np.testing.assert_array_equal(whole[place, -len(values) :], np.array(values, dtype=float))
            history.with_(observation, {_MODEL: said[place]})
        begin += length
    left_out = 0
    for share in (0.01, 0.03, 0.2):
        part = np.array([rng.random() < share for _ in said])
        np.testing.assert_array_equal(rows.both(said, part), whole[part])
        reached = rows.within_reach(part)
        assert reached[part].all()
        left_out += int((~reached).sum())
        forgotten = [1 << 14 if not near else value for value, near in zip(said, reached.tolist(), strict=True)]
        np.testing.assert_array_equal(rows.both(forgotten, part), whole[part])
    assert left_out > len(said) // 2


def test_no_row_is_within_reach_of_none() -> None:
    rows = LearningRows.of({"card_1": scattered(1, random.Random(1), rows=3), "card_2": []})
    nothing = np.zeros(3, dtype=bool)
    assert not rows.within_reach(nothing).any()
    assert len(rows.both([0, 0, 0], nothing)) == 0
