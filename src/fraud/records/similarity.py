"""How alike two cases are: the weighted Jaccard index of what their alerts have in common.

A case has traits: the merchants of its alerts, the rules that hit, the reasons that spoke most for fraud, and the
band of its largest amount in each currency. The similarity is the weight of the traits that both have, divided by the
weight of the traits that one of them has: 0 for nothing in common, 1 for the same traits.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, get_args

from txn_core.transactions.currency import EXPONENTS

TraitKind = Literal["merchant", "rule", "reason", "amount"]
KINDS: Final[tuple[TraitKind, ...]] = get_args(TraitKind)
WEIGHTS: Final[Mapping[TraitKind, int]] = {"merchant": 4, "rule": 3, "reason": 2, "amount": 1}
REASONS_MAX: Final = 3
"""Of an alert, those with the largest contributions."""


class Trait(NamedTuple):
    """Something that cases may have in common; `code` is an id, a name, or a currency and a number of digits."""

    kind: TraitKind
    code: str

    @property
    def text(self) -> str:
        """For people."""
        match self.kind:
            case "merchant":
                return "the same merchant"
            case "rule":
                return f"the rule {self.code}"
            case "reason":
                return f"the reason {self.code.replace('_', ' ')}"
            case "amount":
                currency, length = self.code.split()
                low, high = (Decimal(10) ** (int(length) - less - EXPONENTS.get(currency, 0)) for less in (1, 0))
                return f"a largest amount from {low:f} to below {high:f} {currency}"


Traits = frozenset[Trait]


def traits_of(alerts: Iterable[Mapping[str, Any]]) -> Traits:
    """The traits of a case, of the documents of its alerts."""
    found, largest = set[Trait](), dict[str, int]()
    for alert in alerts:
        if (merchant := alert.get("merchant_id")) is not None:
            found.add(Trait("merchant", merchant))
        found |= {Trait("rule", rule) for rule in alert["rule_hits"]}
        speaking = [each for each in alert["reasons"] if each["contribution"] > 0]
        speaking.sort(key=lambda each: -each["contribution"])
        found |= {Trait("reason", each["feature"]) for each in speaking[:REASONS_MAX]}
        currency = alert["currency"]
        largest[currency] = max(largest.get(currency, 0), alert["amount_minor"])
    return frozenset(found | {Trait("amount", f"{each} {len(str(minor))}") for each, minor in largest.items()})


def similarity(one: Traits, other: Traits) -> float:
    """The weighted Jaccard index; 0 where amounts alone are alike, which is said of half of all cases."""
    shared = one & other
    if all(trait.kind == "amount" for trait in shared):
        return 0.0
    return _weight(shared) / _weight(one | other)


def in_order(traits: Traits) -> list[Trait]:
    """Traits, the weightiest first."""
    return sorted(traits, key=lambda trait: (KINDS.index(trait.kind), trait.code))


def _weight(traits: Traits) -> int:
    return sum(WEIGHTS[trait.kind] for trait in traits)
