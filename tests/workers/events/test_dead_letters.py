"""Letters are sealed, bound to their origin, and named by it."""

import json

import pytest

from tests.builders import ARRIVED_AT, arrived, position
from tests.workers.builders import event, later
from txn_core.exceptions import SettingsError
from txn_core.positions import WriteOrder
from txn_core.settings import Settings
from workers.events.dead_letters import DeadLetter, Seal

SEAL = Seal(b"\x07" * 32)
SECRET = b"a card number, perhaps"
LETTER = DeadLetter.undecodable("archive", "stream", arrived(SECRET, position(42, 3)), "no event")


def test_a_letter_opens_again_under_its_key() -> None:
    assert SEAL.open(SEAL.close(LETTER)) == LETTER


def test_a_closed_letter_says_what_and_where_but_not_the_bytes() -> None:
    closed = SEAL.close(LETTER)
    assert SECRET not in closed
    document = json.loads(closed)
    assert (document["reason"], document["code"]) == ("undecodable", "no event")
    assert (document["worker"], document["stream"]) == ("archive", "stream")
    assert (document["sequence_number"], document["sub_sequence_number"]) == ("42", 3)
    assert document["arrived_at"].startswith(f"{ARRIVED_AT:%Y-%m-%dT%H:%M:%S}")


def test_a_letter_does_not_open_under_another_key() -> None:
    with pytest.raises(ValueError, match="not sealed under this key"):
        Seal(b"\x08" * 32).open(SEAL.close(LETTER))


@pytest.mark.parametrize(
    "change", [{"sub_sequence_number": 4}, {"shard_id": "other"}, {"stream": "other"}, {"worker": "index"}]
)
def test_sealed_bytes_do_not_open_as_another_letters(change: dict[str, object]) -> None:
    moved = json.dumps(json.loads(SEAL.close(LETTER)) | change).encode()
    with pytest.raises(ValueError, match="not sealed under this key"):
        SEAL.open(moved)


def test_the_name_follows_from_reason_worker_and_position() -> None:
    assert LETTER.key == f"dead-letters/undecodable/dt={ARRIVED_AT:%Y-%m-%d}/archive-shardId-000000000000-42-3.json"


def test_a_conflict_has_the_same_name_whichever_of_the_two_came_first() -> None:
    """The one that lost is named by its order, which is all that the index keeps of a replaced transaction."""
    order = WriteOrder.of(later(0), position(42, 3))
    letter = DeadLetter.conflict("index", "stream", order, event())
    assert letter.key == f"dead-letters/conflict/dt={later(0)[:10]}/index-shardId-000000000000-42-3.json"
    assert SEAL.open(SEAL.close(letter)) == letter


def test_a_worker_without_a_key_does_not_start() -> None:
    with pytest.raises(SettingsError, match="TXN_DEAD_LETTER_KEY"):
        Seal.of(Settings(dead_letter_key=None))
