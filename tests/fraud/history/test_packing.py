"""Packed histories: how large they are, and what is refused."""

import random
import zlib

import pytest

from fraud.history.card_history import CardHistory
from tests.fraud.observed import BEGIN_S, DAY, adverse_stream, observation
from txn_core.exceptions import HistoryError

KNOWN = (
    "010200010019b5dd9da573fbc1eeda408535a44c6b58ab15c300044c40dc00656fa86365f853f5f93f334c00463333b2"
    "e6e6a7c42732d880781f1d181f31307231d431bc6e60800200"
)


def busy(entries: int) -> CardHistory:
    """Of a card that buys as those of the sample file do, with both models' log-odds."""
    rng = random.Random(1)
    history = CardHistory.empty()
    for at_s in sorted(rng.sample(range(BEGIN_S, BEGIN_S + 37 * DAY), entries)):
        scores = {"mod_a": round(rng.gauss(-7_000, 1_500)), "mod_b": round(rng.gauss(-7_000, 1_500))}
        history.with_(observation(at_s, amount_minor=int(rng.lognormvariate(8.2, 1)), category="home"), scores)
    return history


def test_a_history_is_small_in_bytes() -> None:
    assert len(CardHistory.empty().pack()) < 40
    assert len(busy(209).pack()) < 209 * 14  # the sample file's 99th percentile is 209 entries


def test_a_known_history_of_version_1_is_read_for_ever() -> None:
    history = CardHistory.unpack(bytes.fromhex(KNOWN))
    assert list(history.times) == [BEGIN_S, BEGIN_S + 60]
    assert list(history.amounts) == [497, 123_456]
    assert list(history.categories) == [10, 0]
    assert list(history.log_odds["mod_a"]) == [-5_250, -(2**15)]
    assert history.knows("transaction-1")
    assert history.knows("a-refund")
    assert (history.purchases_ever, history.first_seen_s) == (2, BEGIN_S)
    assert history.last_place == (BEGIN_S, 360_112, -820_484)


def test_bytes_that_were_cut_changed_or_added_to_are_refused_or_read_but_never_break() -> None:
    history = CardHistory.empty()
    for each in adverse_stream(seed=4, rows=30, cards=1):
        history.with_(each, {"mod_a": 5})
    whole = history.pack()
    for end in range(len(whole)):
        with pytest.raises(HistoryError):
            CardHistory.unpack(whole[:end])
    with pytest.raises(HistoryError):
        CardHistory.unpack(whole + b"\0")
    with pytest.raises(HistoryError, match="version 9"):
        CardHistory.unpack(b"\x09" + whole[1:])
    rng = random.Random(5)
    for _ in range(300):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        try:
            CardHistory.unpack(bytes(changed))
        except HistoryError:
            continue


def test_what_would_inflate_without_end_is_refused() -> None:
    deflate = zlib.compressobj(9, wbits=-15)
    bomb = deflate.compress(bytes(1 << 24)) + deflate.flush()
    with pytest.raises(HistoryError, match="not a history"):
        CardHistory.unpack(b"\x01\0\0\0\0" + bomb)
