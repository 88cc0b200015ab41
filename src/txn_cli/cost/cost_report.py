"""A bill for people, within 80 columns, and for machines."""

from functools import partial
from typing import Final

from rich.console import Console
from rich.table import Column, Table

from operations.cost.bill import LEFT_OUT, Bill
from operations.cost.bill_line import BillLine
from operations.cost.prices import REGION
from operations.cost.savings import By, savings

DOMINATES: Final = 0.05
"""A line with so large a part of the bill is named among those that dominate it."""
WHO: Final[dict[By, str]] = {
    "parameter": "a parameter of the stacks",
    "operator": "by hand, on AWS",
    "code": "not built",
}
_table: Final = partial(Table, box=None, pad_edge=False, title_justify="left")


def show_bill(bill: Bill, console: Console) -> None:
    """The bill, what dominates it, and what would cut it."""
    load = bill.workload
    front = "nothing in front" if load.front == "none" else f"{load.front} in front"
    scores = ", scored" if load.scores else ""
    months = "a month" if load.months == 1 else f"{load.months:g} months"
    console.print(
        f"{load.rate:,g} transactions/s{scores}, {bill.workload.a_month / 1e6:,.1f} million a month of 730 hours; "
        f"events of {load.event_bytes:,.0f} bytes, items of {load.item_bytes:,.0f}, kept for {months}; "
        f"stream {load.stream_mode}, {front}; {REGION}"
    )
    console.print(_lines(bill))
    shares = ", ".join(f"{line.name} ({line.usd / bill.usd:.0%})" for line in _dominating(bill))
    console.print(f"\nDominated by {shares}")
    if found := savings(bill):
        shown = _table(Column("what would cut it, each by itself"), _number("$ a month"), Column("how"))
        for saving in found:
            shown.add_row(saving.change, f"-{saving.usd:,.2f}", WHO[saving.by])
        console.print(shown)
    unconfirmed = "" if all(line.price.found for line in bill.lines) else "* a price that no source confirmed. "
    console.print(f"\n{unconfirmed}~ a quantity that is assumed. Prices and their sources: docs/cost.md")
    console.print(f"Not in it: {'; '.join(LEFT_OUT)}")


def document(bill: Bill) -> dict[str, object]:
    """The bill as JSON values, dollars rounded to a hundredth of a cent."""
    load = bill.workload
    return {
        "region": REGION,
        "rate": load.rate,
        "event_bytes": load.event_bytes,
        "item_bytes": load.item_bytes,
        "months": load.months,
        "score": load.scores,
        "front": load.front.value,
        "stream": load.stream_mode.value,
        "transactions_a_month": load.a_month,
        "usd_a_month": _rounded(bill.usd),
        "usd_a_million": _rounded(bill.usd_a_million),
        "services": {name: _rounded(usd) for name, usd in bill.services.items()},
        "lines": [_line(bill, line) for line in bill.lines],
        "dominated_by": [
            {"service": line.service, "part": line.name, "share": round(line.usd / bill.usd, 4)}
            for line in _dominating(bill)
        ],
        "savings": [
            {"change": each.change, "by": each.by, "usd_a_month": _rounded(each.usd)} for each in savings(bill)
        ],
        "left_out": list(LEFT_OUT),
    }


def _lines(bill: Bill) -> Table:
    shown = _table(Column("service"), Column("part"), *map(_number, ("units a month", "$ a month", "$ a million")))
    last = ""
    for line in _ordered(bill):
        service = "" if line.service == last else line.service
        marks = f"{'' if line.price.found else '*'}{'~' if line.basis == 'assumed' else ''}"
        shown.add_row(service, line.name + marks, f"{line.units:,.0f}", *_dollars(bill, line.usd))
        last = line.service
    shown.add_section()
    shown.add_row("total", "", "", *_dollars(bill, bill.usd))
    return shown


def _dominating(bill: Bill) -> list[BillLine]:
    """The lines with the largest parts of the bill, the dearest first."""
    return sorted((line for line in bill.lines if line.usd >= DOMINATES * bill.usd), key=lambda line: -line.usd)


def _ordered(bill: Bill) -> list[BillLine]:
    """The dearest service first, and within it the dearest line."""
    services = bill.services
    return sorted(bill.lines, key=lambda line: (-services[line.service], line.service, -line.usd))


def _dollars(bill: Bill, usd: float) -> tuple[str, str]:
    return f"{usd:,.2f}", f"{bill.of_a_million(usd):,.4f}"


def _line(bill: Bill, line: BillLine) -> dict[str, object]:
    return {
        "service": line.service,
        "part": line.name,
        "units": line.units,
        "basis": line.basis,
        "unit": line.price.unit,
        "price_usd": line.price.usd,
        "price_per": line.price.per,
        "price_source": line.price.source,
        "price_on": line.price.on,
        "price_found": line.price.found,
        "usd_a_month": _rounded(line.usd),
        "usd_a_million": _rounded(bill.of_a_million(line.usd)),
    }


def _rounded(usd: float) -> float:
    return round(usd, 4)


def _number(name: str) -> Column:
    return Column(name, justify="right")
