"""What a transaction's notes become when an earlier write of its id comes."""

from dataclasses import replace

from tests.builders import position
from tests.workers.builders import event, later, twin
from txn_core.dynamodb.conflict_contents import CONTENTS_MAX
from txn_core.dynamodb.transactions import CONFLICTS_MAX, OTHERS_MAX, IndexItem, StoredTransaction
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event, content_digests
from workers.index.precedence import Relation, relate, supersede

FIRST = event("judged-again", accepted_at=later(0))


def order(second: int) -> WriteOrder:
    return WriteOrder.of(later(second), position(1))


def write(second: int, amount: int) -> bytes:
    return twin(FIRST, accepted_at=later(second), amount_minor=amount)


def digest(amount: int) -> frozenset[str]:
    return content_digests(write(0, amount))


def stored(second: int, amount: int, **others: int) -> StoredTransaction:
    """A winner with later writes, each `_SECOND=amount`."""
    noted = {order(int(name.removeprefix("_"))): digest(other) for name, other in others.items()}
    conflicts = tuple(sorted(o for o, d in noted.items() if d != digest(amount)))
    return StoredTransaction(write(second, amount).decode(), order(second), conflicts, noted)


def item(second: int, amount: int) -> IndexItem:
    data = write(second, amount)
    return IndexItem.of(Event.decode(data), data, order(second))


def test_a_known_write_is_a_replay_whatever_it_says() -> None:
    known = stored(1, 1, _2=1, _3=2)
    assert [relate(known, item(second, amount)) for second, amount in ((1, 1), (2, 1), (3, 2))] == [
        Relation.REPLAY
    ] * 3


def test_an_earlier_repeat_of_the_winner_changes_no_conflict() -> None:
    after = supersede(stored(5, 1, _6=1, _7=2), item(4, 1))
    assert after.conflicts == (order(7),)
    assert after.others == {order(5): digest(1), order(6): digest(1), order(7): digest(2)}
    assert after.contradicting == ()


def test_an_earlier_winner_turns_conflicts_and_repeats_about() -> None:
    """What repeats the new winner is a conflict no more; the old winner and its repeats are, each with its bytes."""
    after = supersede(stored(5, 1, _6=1, _7=2, _8=3), item(4, 2))
    assert after.conflicts == (order(5), order(6), order(8))
    assert after.contradicting == ((order(5), write(5, 1)), (order(6), write(6, 1)))
    assert after.contents == {order(second): write(second, 1).decode() for second in (5, 6)}


def test_the_content_of_what_is_still_a_conflict_is_kept() -> None:
    """And of what repeats the new winner no more."""
    before = replace(stored(5, 1, _7=2, _8=3), contents={order(7): "seven", order(8): "eight"})
    assert supersede(before, item(4, 2)).contents == {order(5): write(5, 1).decode(), order(8): "eight"}
    many = {order(second): "later" for second in range(6, 6 + CONTENTS_MAX + 1)}
    crowded = replace(before, conflicts=tuple(many), contents=many)
    assert len(supersede(crowded, item(4, 1)).contents) == CONTENTS_MAX


def test_a_conflict_of_unknown_content_stays_one() -> None:
    """Notes made over the bound, or before contents were noted."""
    old = StoredTransaction(write(5, 1).decode(), order(5), (order(9),))
    assert supersede(old, item(4, 1)).conflicts == (order(9),)


def test_notes_are_bounded_and_what_contradicts_is_not() -> None:
    many = stored(1, 1, **{f"_{second}": 1 for second in range(2, OTHERS_MAX + 2)})
    after = supersede(many, item(0, 2))
    assert after.conflicts == tuple(order(second) for second in range(1, CONFLICTS_MAX + 1))
    assert len(after.others) == OTHERS_MAX
    assert len(after.contradicting) == OTHERS_MAX + 1
