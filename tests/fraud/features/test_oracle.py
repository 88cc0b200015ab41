"""Features as served against the same features by a self-join in SQL, cell by cell and bit by bit."""

import os
import random
import struct
from collections.abc import Sequence
from typing import Any

import pytest

from fraud.features.catalogue import FEATURES, features_of, stage2_of
from fraud.features.stage_two import STAGE2
from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from tests.fraud.features.oracle import answers
from tests.fraud.observed import adverse_stream, dense_stream, needs_sample, sample_cards

NAMES = [feature.name for feature in FEATURES] + [feature.name for feature in STAGE2]
ROWS_MAX = 20_000
"""That the oracle is asked for at once: it joins each with all before it."""
PACKED_EVERY = 7


def served(stream: Sequence[Observation], said: Sequence[int | None]) -> list[tuple[Any, ...]]:
    """Every feature of both stages, as a scorer computes them on its way, packing histories now and then."""
    histories: dict[tuple[str, str], CardHistory] = {}
    rows = []
    for number, (each, own) in enumerate(zip(stream, said, strict=True)):
        key = each.account, each.card_id
        history = histories.setdefault(key, CardHistory.empty())
        stage2 = stage2_of(each, history, "mod_a", 0 if own is None else own)
        if own is None:
            stage2[0] = None
        rows.append((*features_of(each, history), *stage2))
        history.with_(each, {} if own is None else {"mod_a": own, "mod_b": number})
        if number % PACKED_EVERY == 0:
            histories[key] = CardHistory.unpack(history.pack())
    return rows


def log_odds(rows: int) -> list[int | None]:
    """Of the first stage, with gaps as a model that is away leaves them."""
    rng = random.Random(11)
    return [None if rng.random() < 0.1 else rng.randrange(-9_000, 4_000) for _ in range(rows)]


def bits(value: float | None) -> bytes | float | None:
    return struct.pack("<d", value) if isinstance(value, float) else value


def assert_equal(ours: Sequence[tuple[Any, ...]], theirs: Sequence[tuple[Any, ...]]) -> None:
    assert len(ours) == len(theirs)
    differing = [
        (number, name, one, other)
        for number, (row, oracle) in enumerate(zip(ours, theirs, strict=True))
        for name, one, other in zip(NAMES, row, oracle, strict=True)
        if bits(one) != bits(other)
    ]
    assert differing == []


def test_served_features_are_those_of_a_self_join_whatever_the_stream_does() -> None:
    stream = adverse_stream(seed=5, rows=1_200, cards=5)
    said = log_odds(len(stream))
    assert_equal(served(stream, said), answers(stream, said))


def test_of_more_purchases_than_a_history_holds_the_newest_count() -> None:
    stream = dense_stream(2_060)
    said = log_odds(len(stream))
    since = len(stream) - 40
    assert_equal(served(stream, said)[since:], answers(stream, said, since, is_dense=True))


@needs_sample
def test_served_features_of_the_sample_are_those_of_a_self_join() -> None:
    stream = sample_cards(int(os.environ.get("ORACLE_CARDS", "3")))
    by_card = sorted(stream, key=lambda each: each.card_id)  # a card's records stay in order
    for first in range(0, len(by_card), ROWS_MAX):
        part = by_card[first : first + ROWS_MAX]
        said = log_odds(len(part))
        assert_equal(served(part, said), answers(part, said))


@pytest.mark.parametrize("seed", range(int(os.environ.get("ORACLE_SEEDS", "0"))))
def test_served_features_of_other_streams_are_those_of_a_self_join(seed: int) -> None:
    stream = adverse_stream(seed=100 + seed, rows=3_000, cards=1 + seed % 7)
    said = log_odds(len(stream))
    assert_equal(served(stream, said), answers(stream, said))
