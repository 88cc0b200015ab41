"""What an event is to the transaction that has its id, and what a transaction becomes when an earlier one comes.

Events of one id may come in any order: from several shards, or accepted by clocks that differ. Every write of an id
is noted beside the winner with a digest of its content, so that the end is the same in whatever order they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from txn_core.dynamodb.conflict_contents import CONTENTS_MAX, is_kept
from txn_core.dynamodb.transactions import CONFLICTS_MAX, OTHERS_MAX, IndexItem, StoredTransaction
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event, content_digests, same_content


class Relation(Enum):
    """What an event is to the transaction that has its id."""

    REPLAY = auto()
    DUPLICATE = auto()
    EARLIER_DUPLICATE = auto()
    CONFLICT = auto()
    EARLIER_CONFLICT = auto()


def relate(stored: StoredTransaction, item: IndexItem) -> Relation:
    """Compare an event with the stored one of its id: is it a known write, the same content, the earlier one?"""
    if item.order == stored.order or item.order in stored.others or item.order in stored.conflicts:
        return Relation.REPLAY
    earlier = item.order < stored.order
    if same_content(item.event, stored.event):
        return Relation.EARLIER_DUPLICATE if earlier else Relation.DUPLICATE
    return Relation.EARLIER_CONFLICT if earlier else Relation.CONFLICT


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The notes on an earlier write that takes the place of a stored one.

    `contradicting` are the events that now contradict the winner and did not before, with their orders.
    """

    conflicts: tuple[WriteOrder, ...]
    others: Mapping[WriteOrder, frozenset[str]]
    contradicting: tuple[tuple[WriteOrder, bytes], ...]
    contents: Mapping[WriteOrder, str]


def supersede(stored: StoredTransaction, item: IndexItem) -> Overtaken:
    """Judge all known writes of an id again, by an earlier winner.

    What contradicted the winner so far may repeat the new one, and what repeated it may contradict that.
    """
    others = {**stored.others, stored.order: content_digests(stored.event)}
    winning = content_digests(item.event)
    conflicts = {order for order, digests in others.items() if digests.isdisjoint(winning)}
    # Of those over the bound no content is known; they stay what they were noted as.
    conflicts |= {order for order in stored.conflicts if order not in others}
    contradicting = tuple((order, _as_of(stored, order)) for order in sorted(conflicts - set(stored.conflicts)))
    known = {**stored.contents, **{order: data.decode() for order, data in contradicting}}
    kept = sorted(order for order in conflicts & known.keys() if is_kept(known[order], beside=item.event))
    return Overtaken(
        conflicts=tuple(sorted(conflicts)[:CONFLICTS_MAX]),
        others={order: others[order] for order in sorted(others)[:OTHERS_MAX]},
        contradicting=contradicting,
        contents={order: known[order] for order in kept[:CONTENTS_MAX]},
    )


def _as_of(stored: StoredTransaction, order: WriteOrder) -> bytes:
    """The event of the stored write or of one that repeats it: only the moment of its acceptance is its own.

    (And, if another version of the card key signed it, the id that it called the same card by.)
    """
    event = Event.decode(stored.event).model_copy(update={"accepted_at": order.accepted_at})
    return event.model_dump_json(by_alias=True).encode()
