"""What a million transactions cost at the present rate: each part is units a transaction times a price."""

from math import ceil
from typing import Final

from operations.cost.prices import (
    INDEX_ITEM_BYTES,
    INDEX_WRITES,
    LEFT_OUT,
    PAYLOAD_UNITS,
    PRICED_ON,
    REGION,
    SCORE_WRITE_UNITS,
    SHARD_HOURS,
    WRITE_UNIT_BYTES,
    WRITE_UNITS,
    Price,
)
from operations.figures.api_watch import RecordSizes
from operations.shapes import Basis, CostFigures, CostPartShape, DrainFigures
from txn_core.drains import INDEX, SCORE

_HOUR_S: Final = 3600.0


def cost_of(
    *, sizes: RecordSizes | None, accepted_per_s: float | None, shards: int, drains: DrainFigures | None
) -> CostFigures:
    """The cost by part.

    Args:
        sizes: the mean of the accepted records; None before the first.
        accepted_per_s: the rate by which the hours of the shards are shared out; None or 0 while it is not known.
        shards: how many the producers send to.
        drains: tells which drains run; without it, only the index is taken to run.
    """
    hours = shards / (_HOUR_S * accepted_per_s) if shards and accepted_per_s else None
    ran = {INDEX.name} if drains is None else {drain.name for drain in drains.drains}
    parts = [
        _part("kinesis_puts", None if sizes is None else sizes.payload_units, PAYLOAD_UNITS, "measured"),
        _part("kinesis_shards", hours, SHARD_HOURS, "measured"),
    ]
    if INDEX.name in ran:
        parts.append(_part("dynamodb_index", None if sizes is None else _index_units(sizes), WRITE_UNITS, "derived"))
    if SCORE.name in ran:
        parts.append(_part("dynamodb_scores", SCORE_WRITE_UNITS, WRITE_UNITS, "benchmark"))
    return CostFigures(
        usd=round(sum(part.usd or 0.0 for part in parts), 4),
        region=REGION,
        priced_on=PRICED_ON,
        parts=parts,
        left_out=list(LEFT_OUT),
    )


def _index_units(sizes: RecordSizes) -> float:
    """The write units of an item with an event of the mean size, rounded up as DynamoDB rounds each item."""
    return float(INDEX_WRITES * ceil((sizes.data_bytes + INDEX_ITEM_BYTES) / WRITE_UNIT_BYTES))


def _part(name: str, units: float | None, price: Price, basis: Basis) -> CostPartShape:
    return CostPartShape(
        name=name,
        units=None if units is None else round(units, 9),
        unit=price.unit,
        basis=basis,
        price_usd=price.usd,
        price_source=price.source,
        usd=None if units is None else round(units * price.usd, 4),
    )
