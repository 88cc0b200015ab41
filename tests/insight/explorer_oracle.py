"""The explorer's sums in plain Python, from the facts themselves."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

from insight.explorer.dimensions import DIMENSIONS
from tests.warehouse.questions.star_schema import CURRENCIES, REGIONS, Fact, facts

COUNT, SEED = 700, 1
SEGMENTS: Final = {
    # By recency, then frequency: the names for the thirds of money, the first one first.
    1: {
        1: ("champions", "loyal", "loyal"),
        2: ("big spenders", "occasional", "occasional"),
        3: ("big spenders", "new", "new"),
    },
    2: {
        1: ("loyal", "loyal", "loyal"),
        2: ("big spenders", "occasional", "occasional"),
        3: ("big spenders", "occasional", "occasional"),
    },
    3: {1: ("at risk", "at risk", "at risk"), 2: ("at risk", "asleep", "asleep"), 3: ("at risk", "asleep", "asleep")},
}


@cache
def segment_of() -> Mapping[str, str]:
    """The segment of each customer, by the facts in the main currency; others have none."""
    cells: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts(COUNT, SEED):
        if fact.currency == "USD":
            cells[fact.customer_id].append(fact)
    latest = {customer: max(fact.occurred_at for fact in cell) for customer, cell in cells.items()}
    count = {customer: len(cell) for customer, cell in cells.items()}
    net = {customer: sum(fact.net_minor for fact in cell) for customer, cell in cells.items()}
    return {
        customer: SEGMENTS[third(latest, customer)][third(count, customer)][third(net, customer) - 1]
        for customer in cells
    }


def third(values: Mapping[str, Any], customer: str) -> int:
    """1 for those of whom a third or less of all are before: who has more is before."""
    before = sum(value > values[customer] for value in values.values())
    return 1 if 3 * before < len(values) else 2 if 3 * before < 2 * len(values) else 3


LABEL: Final[Mapping[str, Callable[[Fact], str]]] = {
    "region": lambda fact: REGIONS[fact.state][1],
    "state": lambda fact: fact.state,
    "month": lambda fact: f"{fact.month:%Y-%m}",
    "category": lambda fact: fact.category,
    "gender": lambda fact: fact.gender,
    "age_band": lambda fact: fact.age_band,
    "segment": lambda fact: segment_of().get(fact.customer_id, "unknown"),
    "currency": lambda fact: fact.currency,
}


def chosen(made: Sequence[Fact], choice: Mapping[str, str]) -> list[Fact]:
    return [fact for fact in made if all(LABEL[name](fact) == value for name, value in choice.items())]


def summed(cell: Sequence[Fact], currency: str) -> list[object]:
    """Distinct customers, transactions, and net in the unit of a currency."""
    net = Decimal(sum(fact.net_minor for fact in cell)).scaleb(-CURRENCIES[currency])
    return [len({fact.customer_id for fact in cell}), len(cell), net.quantize(Decimal("0.001"))]


def cells_of(made: Sequence[Fact], whole: Mapping[str, str]) -> dict[str, dict[str, list[Fact]]]:
    """The facts of each cell of each view, which follows every choice but its own."""
    cells: dict[str, dict[str, list[Fact]]] = {}
    for name in DIMENSIONS:
        cells[name] = defaultdict(list)
        for fact in chosen(made, {key: value for key, value in whole.items() if key != name}):
            cells[name][LABEL[name](fact)].append(fact)
    return cells
