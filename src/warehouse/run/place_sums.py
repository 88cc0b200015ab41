"""Counts and digests of positions by shard and minute of arrival, as the archive's ledger has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from txn_core.position_digest import added, digest_of_places

PLACES: Final = "select shard_id, arrived_at, sequence_number, sub_sequence_number from {landing}.positions"


@dataclass(frozen=True, slots=True)
class PlaceSum:
    """How many positions, and the sum of their hashes."""

    count: int = 0
    digest: int = 0


PlaceSums = Mapping[str, Mapping[str, PlaceSum]]
"""By shard and minute, `2026-01-02T03:04`, UTC."""


def place_sums(batches: Iterable[pa.RecordBatch]) -> PlaceSums:
    """The sums of positions, given in the columns of `PLACES`; about two microseconds a position."""
    sums: dict[str, dict[str, PlaceSum]] = {}
    for batch in batches:
        places: dict[tuple[str, str], list[tuple[str, int]]] = {}
        minutes = [str(at)[:16].replace(" ", "T") for at in batch["arrived_at"].cast(pa.string()).to_pylist()]
        columns = (batch[name].to_pylist() for name in ("shard_id", "sequence_number", "sub_sequence_number"))
        for shard_id, minute, number, sub in zip(next(columns), minutes, *columns, strict=True):
            places.setdefault((shard_id, minute), []).append((number, sub))
        for (shard_id, minute), own in places.items():
            of_shard = sums.setdefault(shard_id, {})
            before = of_shard.get(minute, PlaceSum())
            of_shard[minute] = PlaceSum(before.count + len(own), added(before.digest, digest_of_places(own)))
    return sums
