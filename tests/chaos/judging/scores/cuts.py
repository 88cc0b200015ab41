"""Which records of a card a score may have known: all before it on its shard and on the shard's ancestors, and of a
shard that was read at the same time the first few, a number that never falls.

A cut is that number for each shard of the card, in the order of its lanes.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from tests.chaos.judging.scores.evidence import Card

Cut = tuple[int, ...]


def starts(card: Card, shard_id: str, ends: Sequence[Sequence[Cut]]) -> list[Cut]:
    """The smallest cuts at the first record of a shard, by those after the last records of its ancestors."""
    ancestors = card.lineage.ancestors(shard_id)
    bottom = tuple(len(lane) if shard in ancestors else 0 for shard, lane in card.lanes.items())
    return smallest(tuple(map(max, zip(bottom, *chosen, strict=True))) for chosen in product(*ends))


def beyond(card: Card, shard_id: str, before: Iterable[Cut]) -> Iterator[Cut]:
    """Each cut from one of some cuts on, as far as shards that were read at the same time may have moved it."""
    beside = card.beside(shard_id)
    for cut in before:
        yield from product(
            *(
                range(known, len(lane) + 1) if shard in beside else (known,)
                for known, (shard, lane) in zip(cut, card.lanes.items(), strict=True)
            )
        )


def smallest(cuts: Iterable[Cut]) -> list[Cut]:
    """Those that no other one is below: what is possible from one of the others is possible from them."""
    every = sorted(set(cuts))
    return [
        cut
        for cut in every
        if not any(other != cut and all(a <= b for a, b in zip(other, cut, strict=True)) for other in every)
    ]
