"""At which rate which quota of AWS is used up: the quotas of `quotas.toml`, against what a load needs."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from operations.cost.capacity import API, Capacity, capacity_of
from operations.cost.dynamodb_units import write_units
from operations.cost.workload import RATE_MAX, RATE_MIN, Front, StreamMode, Workload
from txn_core.drains import INDEX

_EXACT: Final = 1.0001
"""A rate is found to a part in ten thousand."""


class Quota(BaseModel):
    """How much there is of something. `found` is false for an assumption that no source confirms."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    limit: Annotated[float, Field(gt=0)]
    of: str
    remedy: Annotated[str, Field(alias="raise")]
    source: Annotated[str, Field(pattern="^(https://|deploy$)")]
    on: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$")]
    found: bool = True


@dataclass(frozen=True, slots=True)
class Break:
    """A quota, and the highest rate that it lets through; None when it lets `RATE_MAX` through."""

    name: str
    quota: Quota
    rate: float | None


@cache
def quotas() -> Mapping[str, Quota]:
    """All quotas by name."""
    table = tomllib.loads(files(__package__).joinpath("quotas.toml").read_text("utf-8"))
    return TypeAdapter(dict[str, Quota]).validate_python(table)


def breaks(workload: Workload) -> list[Break]:
    """The quotas that such a deployment meets, the first to be used up first, whatever the workload's own rate."""
    found = [Break(name, quotas()[name], _highest(name, workload)) for name in _DEMANDS if _applies(name, workload)]
    return sorted(found, key=lambda each: RATE_MAX + 1 if each.rate is None else each.rate)


def _highest(name: str, workload: Workload) -> float | None:
    """The highest rate within a quota, by halving: no demand falls while the rate grows."""

    def fits(rate: float) -> bool:
        load = replace(workload, rate=rate)
        return _DEMANDS[name](load, capacity_of(load)) <= quotas()[name].limit

    low, high = RATE_MIN, RATE_MAX
    if fits(high):
        return None
    if not fits(low):
        return 0.0
    while high > low * _EXACT:
        middle = sqrt(low * high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _of_one_table(load: Workload, _: Capacity) -> float:
    return load.rate * write_units(load.item_bytes)


def _lease_reads(load: Workload, capacity: Capacity) -> float:
    """Of the lease table that is read most: each drain has its own."""
    return max(capacity.lease_reads_of(name) for name in load.drains)


def _bytes_in(load: Workload, capacity: Capacity) -> float:
    return load.rate * capacity.stream.data_bytes


_DEMANDS: Final[Mapping[str, Callable[[Workload, Capacity], float]]] = {
    "api_tasks": lambda _, capacity: float(capacity.tasks[API]),
    "index_tasks": lambda _, capacity: float(capacity.tasks[INDEX.name]),
    "fargate_vcpu": lambda _, capacity: capacity.vcpu,
    "dynamodb_new_table": _of_one_table,
    "dynamodb_table": _of_one_table,
    "dynamodb_lease_reads": _lease_reads,
    "kinesis_new_stream": _bytes_in,
    "kinesis_stream": _bytes_in,
    "kinesis_shards": lambda _, capacity: float(capacity.shards),
    "api_gateway": lambda load, _: load.rate,
}
_ON_DEMAND: Final = frozenset({"kinesis_new_stream", "kinesis_stream"})


def _applies(name: str, workload: Workload) -> bool:
    if name == "api_gateway":
        return workload.front is Front.APIGW
    if name == "kinesis_shards":
        return workload.stream_mode is StreamMode.PROVISIONED
    return name not in _ON_DEMAND or workload.stream_mode is StreamMode.ON_DEMAND
