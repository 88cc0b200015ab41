"""What a million transactions cost at the present rate: each part is units a transaction times a price.

The same prices and the same counting as `txn cost` (`bill.py`), with what the API's processes measure in the place of
what is assumed there. What they do not measure is left out, and named.
"""

from typing import Final

from operations.cost.dynamodb_units import SCORE_WRITE_UNITS, index_item_bytes, index_write_units
from operations.cost.prices import MILLION, REGION, Price, price
from operations.figures.api_watch import RecordSizes
from operations.shapes import Basis, CostFigures, CostPartShape, DrainFigures
from txn_core.drains import INDEX, SCORE

_HOUR_S: Final = 3600.0
_PUTS, _SHARD_HOURS, _WRITES = (
    price(name) for name in ("kinesis_put_unit", "kinesis_shard_hour", "dynamodb_write_unit")
)
"""Read when this is imported, and not while requests are served."""
LEFT_OUT: Final = (
    "the processes themselves (Fargate or EC2) and the load balancer",
    "S3: requests and storage of the lake",
    "storage of the index, which grows with the days that it is kept",
    "reads: look-ups, leases, and drains by enhanced fan-out",
    "writes of leases, ledgers, alerts and idempotency keys",
    "logs, metrics, keys of KMS, and traffic between zones",
)
"""What is not measured here, and so not in the sum. `txn cost` estimates most of it."""


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
    puts = None if sizes is None else sizes.payload_units
    parts = [
        _part("kinesis_puts", puts, _PUTS, "measured"),
        _part("kinesis_shards", hours, _SHARD_HOURS, "measured"),
    ]
    if INDEX.name in ran:
        units = None if sizes is None else float(index_write_units(index_item_bytes(sizes.data_bytes)))
        parts.append(_part("dynamodb_index", units, _WRITES, "derived"))
    if SCORE.name in ran:
        parts.append(_part("dynamodb_scores", SCORE_WRITE_UNITS, _WRITES, "benchmark"))
    return CostFigures(
        usd=round(sum(part.usd or 0.0 for part in parts), 4),
        region=REGION,
        priced_on=min(each.on for each in (_PUTS, _SHARD_HOURS, _WRITES)),
        parts=parts,
        left_out=list(LEFT_OUT),
    )


def _part(name: str, units: float | None, each: Price, basis: Basis) -> CostPartShape:
    return CostPartShape(
        name=name,
        units=None if units is None else round(units, 9),
        unit=each.unit,
        basis=basis,
        price_usd=each.of(MILLION),
        price_source=each.source,
        usd=None if units is None else round(each.of(units * MILLION), 4),
    )
