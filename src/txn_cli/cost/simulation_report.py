"""What each rate needs, and at which rate which quota is used up: for people, within 80 columns, and for machines."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from rich.console import Console
from rich.table import Column, Table

from operations.cost.bill import Bill, bill_of
from operations.cost.capacity import API
from operations.cost.quotas import Break, breaks
from operations.cost.workload import RATE_MAX, Workload
from txn_core.drains import ARCHIVE, INDEX, SCORE

RATES: Final = (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, RATE_MAX)
_SERVICES: Final = (API, INDEX.name, ARCHIVE.name, SCORE.name)
_table: Final = partial(Table, box=None, pad_edge=False, title_justify="left")


def bills(workload: Workload) -> list[Bill]:
    """The bills of the usual rates, and of the workload's own one."""
    return [bill_of(replace(workload, rate=rate)) for rate in sorted({*RATES, workload.rate})]


def show_simulation(workload: Workload, console: Console) -> None:
    """A line a rate, then a line a quota."""
    services = [name for name in _SERVICES if name == API or name in workload.drains]
    numbers = ("rate/s", "MB/s", "shards", *services, "kWRU/s", "lease\nRRU/s", "$ a\nmillion")
    needs = _table(
        *(Column(name, justify="right", overflow="fold") for name in numbers), title="What each rate needs"
    )
    for bill in bills(workload):
        needs.add_row(*_row(bill, services))
    console.print(needs)
    limits = _table(
        Column("up to /s", justify="right"), Column("of"), Column("then"), title="\nWhich quota is used up first"
    )
    for each in breaks(workload):
        mark = "" if each.quota.found else "*"
        limits.add_row(_up_to(each), f"{each.quota.limit:,.0f} {each.quota.of}{mark}", each.quota.remedy)
    console.print(limits)
    console.print(
        "\nkWRU/s: thousand write units of the index, its secondary indexes and scores a second. RRU/s: read units."
        " * not confirmed by a source"
    )


def document(workload: Workload) -> dict[str, object]:
    """The same as JSON values."""
    return {
        "rates": [_needs(bill) for bill in bills(workload)],
        "quotas": [_quota(each) for each in breaks(workload)],
    }


def _row(bill: Bill, services: Sequence[str]) -> list[str]:
    rate, capacity = bill.workload.rate, bill.capacity
    return [
        f"{rate:,.15g}",
        f"{rate * capacity.stream.data_bytes / 1e6:,.1f}",
        f"{capacity.shards:,}",
        *(f"{capacity.tasks[name]:,}" for name in services),
        f"{(capacity.index_write_units + capacity.score_write_units) / 1e3:,.1f}",
        f"{capacity.lease_read_units:,.0f}",
        f"{bill.usd_a_million:,.2f}",
    ]


def _needs(bill: Bill) -> dict[str, object]:
    rate, capacity = bill.workload.rate, bill.capacity
    return {
        "rate": rate,
        "bytes_in_per_s": round(rate * capacity.stream.data_bytes),
        "shards": capacity.shards,
        "tasks": dict(capacity.tasks),
        "vcpu": capacity.vcpu,
        "table_write_units_per_s": round(capacity.table_write_units, 3),
        "index_write_units_per_s": round(capacity.index_write_units, 3),
        "score_write_units_per_s": round(capacity.score_write_units, 3),
        "lease_write_units_per_s": round(capacity.lease_write_units, 3),
        "lease_read_units_per_s": round(capacity.lease_read_units, 3),
        "usd_a_million": round(bill.usd_a_million, 4),
    }


def _quota(each: Break) -> dict[str, object]:
    quota = each.quota
    return {
        "name": each.name,
        "limit": quota.limit,
        "of": quota.of,
        "rate_max": None if each.rate is None else round(each.rate, 3),
        "then": quota.remedy,
        "source": quota.source,
        "on": quota.on,
        "found": quota.found,
    }


def _up_to(each: Break) -> str:
    if each.rate is None:
        return f"over {RATE_MAX:,.0f}"
    return f"{each.rate:,.0f}" if each.rate >= 1 else "none"
