"""Promise P8, one bad neighbour hurts only itself, by counts: keys beside each other, and shards."""

from collections.abc import Iterator

from bench.counted import keys, shards
from bench.write_path.results import Result


def measure() -> Iterator[Result]:
    """Both."""
    yield from keys.measure()
    yield from shards.measure()
