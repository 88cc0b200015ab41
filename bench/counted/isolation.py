"""Promise P8, one bad neighbour hurts only itself, by counts: keys, shards, and a key at its worst."""

from collections.abc import Iterator

from bench.counted import keys, shards, worst
from bench.write_path.results import Result


def measure() -> Iterator[Result]:
    """All of them."""
    yield from keys.measure()
    yield from shards.measure()
    yield from worst.measure()
