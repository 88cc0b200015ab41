"""The made-up shops, the same for every seed: what a category sells for, and who sells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from txn_cli.simulator.names import MERCHANT_NAMES
from txn_cli.simulator.rng import Rng, Weighted

MERCHANTS_PER_CATEGORY: Final = 36


@dataclass(frozen=True, slots=True)
class Category:
    """What is bought: how often (per mille of all), for how much (US cents, log-normal), in frauds as well."""

    name: str
    per_mille: int
    median_cents: int
    spread: float
    fraud_per_mille: int
    fraud_median_cents: int


CATEGORIES: Final = (
    Category("gas_transport", 101, 6_200, 0.25, 85, 1_200),
    Category("home", 94, 4_600, 0.80, 27, 26_000),
    Category("grocery_pos", 94, 10_800, 0.40, 232, 31_000),
    Category("shopping_pos", 90, 1_900, 1.80, 112, 88_000),
    Category("kids_pets", 85, 4_400, 0.80, 32, 1_900),
    Category("shopping_net", 75, 1_700, 1.90, 228, 99_000),
    Category("food_dining", 73, 4_200, 0.75, 20, 12_000),
    Category("entertainment", 73, 4_000, 1.00, 31, 50_000),
    Category("personal_care", 71, 3_300, 0.90, 29, 2_600),
    Category("health_fitness", 67, 4_100, 0.85, 18, 2_000),
    Category("misc_pos", 63, 2_700, 1.20, 33, 18_000),
    Category("misc_net", 49, 2_000, 1.50, 122, 79_000),
    Category("grocery_net", 36, 5_100, 0.35, 18, 1_200),
    Category("travel", 31, 600, 1.80, 16, 900),
)


@cache
def merchants_by_category() -> Mapping[str, Weighted[str]]:
    """The merchants of each category, the popular ones likelier; one in each also trades in the next one."""
    rng = Rng(0, "merchants")
    taken: set[str] = set()
    names = {category.name: merchant_names(rng, taken, MERCHANTS_PER_CATEGORY) for category in CATEGORIES}
    shared = {
        name: [*own, names[following][-1]]
        for (name, own), following in zip(names.items(), [*list(names)[1:], CATEGORIES[0].name], strict=True)
    }
    return {name: Weighted.by_rank(members) for name, members in shared.items()}


def merchant_names(rng: Rng, taken: set[str], count: int) -> list[str]:
    """So many names that nobody has taken yet."""
    names: list[str] = []
    while len(names) < count:
        name = _name(rng)
        if name not in taken:
            taken.add(name)
            names.append(name)
    return names


def _name(rng: Rng) -> str:
    one, two, three = rng.pick(MERCHANT_NAMES), rng.pick(MERCHANT_NAMES), rng.pick(MERCHANT_NAMES)
    form = rng.below(100)
    if form < 31:
        return f"{one}, {two} and {three}"
    if form < 60:
        return f"{one}-{two}"
    if form < 70:
        return f"{one} and Sons"
    return f"{one} {rng.pick(('Group', 'Inc', 'LLC', 'Ltd', 'PLC'))}"
