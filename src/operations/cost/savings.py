"""What would make a load cheaper: the same bill with one thing changed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from operations.cost.bill import Bill, bill_of
from operations.cost.dynamodb_units import WRITE_UNIT_BYTES
from operations.cost.workload import Front, StreamMode, Workload

WORTH: Final = 0.01
"""A change that saves less of the bill is not named."""
CAPACITY_USE: Final = 0.7

By = Literal["parameter", "operator", "code"]
"""What changes it: a parameter of the deployment, an operator by hand, or code that is not there yet."""


@dataclass(frozen=True, slots=True)
class Saving:
    """A change, and the dollars a month that it saves."""

    change: str
    by: By
    usd: float


def savings(bill: Bill) -> list[Saving]:
    """Each change by itself that saves a hundredth of the bill or more, the largest first."""
    found = [Saving(change, by, bill.usd - bill_of(changed).usd) for change, by, changed in _changes(bill.workload)]
    return sorted((each for each in found if each.usd >= WORTH * bill.usd), key=lambda each: -each.usd)


def _changes(load: Workload) -> Iterator[tuple[str, By, Workload]]:
    other = StreamMode.PROVISIONED if load.stream_mode is StreamMode.ON_DEMAND else StreamMode.ON_DEMAND
    yield f"a stream that is {other.value}", "parameter", replace(load, stream_mode=other)
    if load.retention_hours > 24:
        yield "records kept on the stream for a day", "parameter", replace(load, retention_hours=24)
    if load.months > 1:
        lake_months = load.months if load.lake_months is None else load.lake_months
        changed = replace(load, months=1, lake_months=lake_months)
        yield "an index that holds a month (KeepIndexDays 30)", "parameter", changed
    if load.front is not Front.NONE:
        cheaper = Front.NLB if load.front is not Front.NLB else Front.NONE
        name = "a network load balancer" if cheaper is Front.NLB else "no balancer: clients within the VPC"
        yield name, "parameter", replace(load, front=cheaper)
    if load.write_capacity_use is None:
        text = f"provisioned writes of the index, {CAPACITY_USE:.0%} used"
        yield text, "operator", replace(load, write_capacity_use=CAPACITY_USE)
    if load.item_bytes > WRITE_UNIT_BYTES:
        yield "items of the index of 1 KB at most", "code", replace(load, item_bytes=WRITE_UNIT_BYTES)
    if not load.key_only_indexes:
        yield "secondary indexes with keys alone", "code", replace(load, key_only_indexes=True)
