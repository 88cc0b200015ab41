"""What is seen in the questions on spend: regions, preferences, women and men, leading merchants, segments."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from insight.sentences.words import GENDERS, Cell, category_name, in_currency, known, money, month_of, share


def spend_by_region(cells: Sequence[Cell]) -> str:
    """Which region spends most, and when."""
    currency, those = in_currency(known(cells, "net"), "transactions")
    if not those:
        return ""
    nets: defaultdict[str, Decimal] = defaultdict(Decimal)
    for cell in those:
        nets[cell["region"]] += cell["net"]
    region, net = min(nets.items(), key=lambda item: (-item[1], item[0]))
    best = max((cell for cell in those if cell["region"] == region), key=lambda cell: cell["net"])
    part = share(net, sum(nets.values(), Decimal()))
    return (
        f"In {currency}, {region} spends most: {money(net, currency)}{f', {part} of what is shown' if part else ''}. "
        f"Its highest month is {month_of(best)} with {money(best['net'], currency)}."
    )


def preferences(cells: Sequence[Cell]) -> str:
    """What some region buys more of than all do, and what it leaves."""
    currency, those = in_currency(known(cells, "preference"))
    if not those:
        return ""
    most = max(those, key=lambda cell: (cell["preference"], cell["customers"]))
    least = min(those, key=lambda cell: (cell["preference"], -cell["customers"]))
    return (
        f"In {currency}, {most['region']} prefers {category_name(most['category'])} most: its share is "
        f"{most['share']} % there and {most['share_everywhere']} % everywhere "
        f"({most['preference']}, where 100 is even). The least wanted is "
        f"{category_name(least['category'])} in {least['region']} ({least['preference']})."
    )


def women_and_men(cells: Sequence[Cell]) -> str:
    """The category in which women and men differ most by what one spends."""
    currency, those = in_currency(known(cells, "net_a_customer"))
    by_category: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
    for cell in those:
        if cell["gender"] in {"F", "M"} and cell["net_a_customer"] > 0:
            by_category[cell["category"]][cell["gender"]] = cell["net_a_customer"]
    pairs = {category: (pair["F"], pair["M"]) for category, pair in by_category.items() if len(pair) == 2}
    if not pairs:
        return ""
    category = min(pairs, key=lambda name: (min(pairs[name]) / max(pairs[name]), name))
    woman, man = pairs[category]
    if woman == man:
        return f"In {currency}, women and men spend the same in every category."
    more, less = ("F", "M") if woman > man else ("M", "F")
    times = max(woman, man) / min(woman, man)
    return (
        f"In {currency}, women and men differ most on {category_name(category)}: {GENDERS[more]} spend {times:.2f} "
        f"times as much as {GENDERS[less]}, {money(max(woman, man), currency)} a customer "
        f"against {money(min(woman, man), currency)}."
    )


def leading_merchants(cells: Sequence[Cell]) -> str:
    """The merchant that takes most in one category."""
    currency, those = in_currency(known(cells, "net"), "transactions")
    if not those:
        return ""
    best = min(those, key=lambda cell: (-cell["net"], cell["category"], cell["standing"]))
    beside = [cell for cell in those if cell["category"] == best["category"]]
    ranks = [cell for cell in beside if cell["standing"] > best["standing"]]
    next_one = min(ranks, key=lambda cell: cell["standing"], default=None)
    ahead = "" if next_one is None else f"; the next shown there is {next_one['merchant']} with "
    ahead += "" if next_one is None else money(next_one["net"], currency)
    return (
        f"In {currency}, {best['merchant']} takes most of all in one category: {money(best['net'], currency)} in "
        f"{category_name(best['category'])}, from {best['customers']:,} customers{ahead}."
    )


def segments(cells: Sequence[Cell]) -> str:
    """What the best customers are worth."""
    currency, those = in_currency(known(cells, "share_of_net"))
    if not those:
        return ""
    best = min(those, key=lambda cell: (cell["recency"] + cell["frequency"] + cell["money"], -cell["customers"]))
    everyone = sum(cell["customers"] for cell in those)
    gone = [cell for cell in those if cell["recency"] == 3 and cell["money"] == 1]
    late = (
        f" {sum(cell['customers'] for cell in gone):,} customers who spend much have not come lately." if gone else ""
    )
    return (
        f"In {currency}, the best segment shown (recency {best['recency']}, frequency {best['frequency']}, money "
        f"{best['money']}) has {best['customers']:,} of {everyone:,} customers and brings {best['share_of_net']} % "
        f"of the money.{late}"
    )
