"""Merchants as the Kaggle data has them: 693 names, 7 of them in two categories, all equally popular."""

from collections.abc import Mapping

from txn_cli.simulator.merchants import CATEGORIES, merchant_names
from txn_cli.simulator.rng import Rng, Weighted

_MANY, _FEWER = 50, 49


def kaggle_merchants() -> Mapping[str, Weighted[str]]:
    """As many merchants as the Kaggle data has, each of a category as likely as the others there."""
    rng = Rng(0, "kaggle merchants")
    taken: set[str] = set()
    names: dict[str, list[str]] = {}
    for one, other in zip(CATEGORIES[::2], CATEGORIES[1::2], strict=True):
        names[one.name] = merchant_names(rng, taken, _MANY)
        names[other.name] = [*merchant_names(rng, taken, _FEWER), names[one.name][-1]]
    return {name: Weighted(members, [1.0] * len(members)) for name, members in names.items()}
