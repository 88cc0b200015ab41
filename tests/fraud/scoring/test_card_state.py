"""A state says up to where each shard is in it, and a damaged one is known for it."""

import pytest

from fraud.history.card_history import CardHistory
from fraud.scoring.card_state import SHARDS_MAX, CardState
from tests.builders import position
from tests.fraud.observed import observation
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.positions import ShardId


def _state() -> CardState:
    state = CardState()
    assert state.history is not None
    state.history.with_(observation(), {"mdl_1": 12})
    state.apply(position(2**180, 7))
    return state


def test_a_state_comes_back_as_it_was_stored() -> None:
    state = CardState.of(StoredCardState(_state().document, 3))
    assert (state.document, state.version) == (_state().document, 3)
    assert [state.covers(position(2**180, sub)) for sub in (6, 7, 8)] == [True, True, False]
    assert not state.covers(position(1, shard_id=ShardId("another")))


def test_applied_never_falls() -> None:
    state = _state()
    state.apply(position(5))
    assert state.applied == _state().applied


def test_of_many_shards_the_newest_are_kept_whatever_order_the_table_gives_them_in() -> None:
    state = CardState()
    for number in range(SHARDS_MAX + 3):
        state.apply(position(10 + number, shard_id=ShardId(f"shard-{number % 2}-{number}")))
    assert sorted(number for number, _ in state.applied.values()) == list(range(13, 13 + SHARDS_MAX))
    state.apply(position(1, shard_id=ShardId("an old one")))
    assert ShardId("an old one") in state.applied
    assert len(state.applied) == SHARDS_MAX


@pytest.mark.parametrize(
    "document",
    [
        CardStateDocument(b"", {}),
        CardStateDocument(b"\xff garbage", {}),
        CardStateDocument(_state().document.history[:-3], {}),
        CardStateDocument(_state().document.history + b"\0", {}),
        CardStateDocument(CardHistory.empty().pack(), {"shard": "garbage"}),
        CardStateDocument(CardHistory.empty().pack(), {"shard": ""}),
    ],
)
def test_a_damaged_state_has_no_history_and_is_never_stored(document: CardStateDocument) -> None:
    state = CardState.of(StoredCardState(document, 3))
    assert (state.history, state.applied) == (None, {})
    with pytest.raises(ValueError, match="not stored"):
        _ = state.document
