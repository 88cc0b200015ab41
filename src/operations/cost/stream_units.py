"""How Kinesis counts what the producer sends: how many transactions share a record, and what the record is billed as.

The producer has one record of a shard under way and packs what arrives meanwhile into the next one. Posts arrive
independently, so that their number in a time has a Poisson distribution.

- While a process wants no more calls than `call_rate.py` allows, the next record holds what arrived during a round
  trip, or, when nothing did, the first post that comes later.
- While it wants more, its calls go out in slots. The next record holds what arrived until the first slot behind the
  round trip, or, when nothing did, what arrives in the first slot in which something does.

`tests/operations/cost/test_counted_units.py` holds this against what our Kinesis server counts.

Billing, by the pricing page of Kinesis Data Streams: a provisioned stream counts each record in units of 25 KB, a
stream on demand in KB; both round each record up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, exp, expm1, floor, sqrt
from typing import Final

from txn_core.kinesis.call_rate import CALLS_PER_S, WAIT_S_MIN
from txn_core.kinesis.pace import PARCEL_BYTES_MAX
from txn_core.kinesis.stream_limits import PAYLOAD_UNIT_BYTES

ROUND_TRIP_S: Final = 0.015
"""From a PutRecords call to its answer, assumed."""
SUB_RECORD_BYTES: Final = 51
"""What aggregation adds to a transaction: tags, lengths and indexes (10), and its partition key in the table (41)."""
AGGREGATE_BYTES: Final = 61
"""And to the record: magic, digest, and the hash key that all share."""
_DEVIATIONS: Final = 8.0
_KIB: Final = 1024

_Chances = dict[int, float]
"""How likely each number of transactions in a record is."""


@dataclass(frozen=True, slots=True)
class StreamUnits:
    """What the stream counts for one transaction, on average."""

    records: float
    data_bytes: float
    payload_units: float
    billed_bytes: float


def stream_units(
    rate: float, event_bytes: float, *, shards: int, processes: int = 1, round_trip_s: float = ROUND_TRIP_S
) -> StreamUnits:
    """The units of transactions that arrive independently, so many a second in all, at the processes that send."""
    room = max(1, floor((PARCEL_BYTES_MAX - AGGREGATE_BYTES) / (event_bytes + SUB_RECORD_BYTES)))
    chances = _chances(rate / processes, shards, round_trip_s)
    packed = _mean(chances, lambda count: float(min(count, room)))

    def of_one(counted: Callable[[float], float]) -> float:
        return _mean(chances, lambda count: counted(record_bytes(min(count, room), event_bytes))) / packed

    return StreamUnits(
        records=1 / packed,
        data_bytes=of_one(float),
        payload_units=of_one(lambda size: ceil(size / PAYLOAD_UNIT_BYTES)),
        billed_bytes=of_one(lambda size: _KIB * ceil(size / _KIB)),
    )


def record_bytes(count: int, event_bytes: float) -> float:
    """The data of a record with so many transactions of distinct cards; one alone travels plain."""
    return event_bytes if count == 1 else AGGREGATE_BYTES + count * (event_bytes + SUB_RECORD_BYTES)


def _chances(rate: float, shards: int, round_trip_s: float) -> _Chances:
    """How many transactions share a record that one process sends."""
    of_shard = rate / shards
    mean = of_shard * round_trip_s
    if rate / (mean + exp(-mean)) <= CALLS_PER_S:
        return _waiting(mean, {1: 1.0})
    slot_s = _slot_s(rate)
    slot = of_shard * slot_s
    some = {count: chance / -expm1(-slot) for count, chance in _poisson(slot).items() if count}
    return _waiting(slot * (floor(round_trip_s / slot_s) + 1), some)


def _slot_s(rate: float) -> float:
    """From one call of a process to the next, while it wants more: a wait that is nearly over ends with a post."""
    return 1 / CALLS_PER_S - WAIT_S_MIN - expm1(-rate * WAIT_S_MIN) / rate


def _waiting(mean: float, after_none: _Chances) -> _Chances:
    """The chances of what arrives while a lane is closed, and, when nothing does, of what comes instead."""
    chances = _poisson(mean)
    none = chances.pop(0, 0.0)
    for count, chance in after_none.items():
        chances[count] = chances.get(count, 0.0) + none * chance
    return chances


def _poisson(mean: float) -> _Chances:
    """A Poisson distribution, as far as eight deviations from its mean."""
    first = max(0, floor(mean - _DEVIATIONS * sqrt(mean)))
    last = ceil(mean + _DEVIATIONS * sqrt(mean)) + 10
    weights = {first: 1.0}
    for count in range(first + 1, last + 1):
        weights[count] = weights[count - 1] * mean / count
    total = sum(weights.values())
    return {count: weight / total for count, weight in weights.items()}


def _mean(chances: _Chances, value: Callable[[int], float]) -> float:
    return sum(chance * value(count) for count, chance in chances.items())
