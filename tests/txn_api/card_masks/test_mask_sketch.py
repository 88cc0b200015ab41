"""How well the sketch tells masks with many cards from those with few."""

from random import Random

from txn_api.card_masks.mask_sketch import MaskSketch

SEED = 7


def hashes(random: Random) -> tuple[int, int]:
    """Of a mask and of a card."""
    return random.getrandbits(62), random.getrandbits(62)


def test_the_same_card_is_one_card() -> None:
    """However often it comes."""
    sketch = MaskSketch(cells=64)
    assert [sketch.add(5, 9) for _ in range(100)] == [1] * 100


def test_a_mask_with_many_cards_shows_beside_millions_with_one() -> None:
    """When all is about to be forgotten, few cells have 32 bits, and whose mask has 75 cards always.

    The cells are as full as those of the real size, which are 128 times as many.
    """
    random, cells = Random(SEED), 1 << 13
    sketch, cards, high = MaskSketch(cells=cells, full_at=20 * cells), 0, 0
    while sketch._set < 20 * cells - 200:
        high += sketch.add(*hashes(random)) >= 32
        cards += 1
    assert cards > 23 * cells
    assert high < cards / 2_000
    for mask in range(2):
        assert max(sketch.add(mask, random.getrandbits(62)) for _ in range(75)) >= 32


def test_a_full_sketch_begins_anew() -> None:
    """It takes no more memory, whatever comes."""
    random = Random(SEED)
    sketch = MaskSketch(cells=256, full_at=2_048)
    fills = [sketch.add(*hashes(random)) and sketch._set for _ in range(30_000)]
    assert max(fills) == 2_048
    assert fills.count(0) >= 10
