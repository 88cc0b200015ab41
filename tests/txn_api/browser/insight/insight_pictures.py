"""What the picture of each question has to say of the cells of its answer, by plain Python.

Each function gives, for each mark that has a text for the pointer, what its datum holds: the text itself, what is
written on it, and the numbers by which it is placed or coloured.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

from insight.sentences.words import category_name
from tests.txn_api.browser.insight.insight_facts import Cell
from tests.warehouse.questions.star_schema import CURRENCIES

HIDDEN: Final = "⊘"
MERCHANTS: Final = 3
THIRDS: Final = {
    "recency": ("came lately", "came some time ago", "came long ago"),
    "frequency": ("often", "now and then", "seldom"),
    "money": ("much", "middling", "little"),
}
GENDERS: Final = {"F": "women", "M": "men"}

Mark = dict[str, Any]


def number(value: Decimal | int, decimals: int = 0) -> str:
    """A number with at most so many decimals, halves away from zero, and its thousands apart."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value: Decimal) -> str:
    """A number as it is, without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Decimal, currency: str) -> str:
    """An amount with the decimals of its currency."""
    rounded = value.quantize(Decimal(1).scaleb(-CURRENCIES[currency]), ROUND_HALF_UP)
    return f"{rounded:,f} {currency}"


def month(of: date) -> str:
    return f"{of:%b %Y}"


def age(band: str) -> str:
    return band.replace("under ", "<").replace(" and over", "+")


def people(cell: Cell) -> str:
    return f"{cell['customers']:,} customers, {cell['transactions']:,} transactions"


def shown(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if not cell["hidden"]]


def spend_by_region(cells: list[Cell]) -> list[Mark]:
    return [
        {"net": c["net"], "partial": c["partial"], "region": c["region"], "at": month(c["month"]),
         "tip": f"{c['region']}, {month(c['month'])}{' (a partial month)' if c['partial'] else ''}\n"
                f"{amount(c['net'], c['currency'])} net\n{people(c)}"}
        for c in shown(cells)
    ]  # fmt: skip


def preferences(cells: list[Cell]) -> list[Mark]:
    def tip(c: Cell) -> str:
        where = f"{category_name(c['category'])}, {c['region']}"
        if c["hidden"]:
            return f"{where}: hidden"
        index, *shares = (None if c[n] is None else plain(c[n]) for n in ("preference", "share", "share_everywhere"))
        here, everywhere = (share or "no" for share in shares)
        return (
            f"{where}: {index or 'no index'}\n{here} % of the money here, {everywhere} % everywhere\n"
            f"{c['customers']:,} customers"
        )

    return [
        {"x": c["region"], "y": category_name(c["category"]), "value": c["preference"], "hidden": c["hidden"],
         "text": written(c, "preference"), "tip": tip(c)}
        for c in cells
    ]  # fmt: skip


def written(cell: Cell, name: str, decimals: int = 0, unit: str = "") -> str | None:
    """What stands on a cell of a map."""
    if cell["hidden"]:
        return HIDDEN
    return None if cell[name] is None else number(cell[name], decimals) + unit


def women_and_men(cells: list[Cell]) -> list[Mark]:
    return [
        {"net_a_customer": c["net_a_customer"], "label": category_name(c["category"]),
         "tip": f"{category_name(c['category'])}, {GENDERS.get(c['gender'], 'not known')}\n"
                f"{amount(c['net_a_customer'], c['currency'])} a customer\n{c['customers']:,} customers"}
        for c in shown(cells)
    ]  # fmt: skip


def ages(cells: list[Cell]) -> list[Mark]:
    of_category = defaultdict(list)
    for c in shown(cells):
        of_category[c["category"]].append(Fraction(c["share"]))
    means = {category: sum(shares, Fraction()) / len(shares) for category, shares in of_category.items()}

    def against(c: Cell) -> Fraction | None:
        return None if c["hidden"] else 100 * Fraction(c["share"]) / means[c["category"]]

    def tip(c: Cell) -> str:
        if (index := against(c)) is None:
            return "Hidden"
        exact = Decimal(index.numerator) / Decimal(index.denominator)
        return (
            f"{c['age_band']}: {plain(c['share'])} % of the transactions are {category_name(c['category'])}\n"
            f"{c['transactions']:,} transactions, {c['customers']:,} customers\n"
            f"{number(exact)}, where 100 is the mean of the age bands"
        )

    return [
        {"x": age(c["age_band"]), "y": category_name(c["category"]), "value": against(c), "hidden": c["hidden"],
         "text": written(c, "share", 1), "tip": tip(c)}
        for c in cells
    ]  # fmt: skip


def week(cells: list[Cell]) -> list[Mark]:
    def tip(c: Cell) -> str:
        when = f"{c['weekday_name']}, {c['hour_utc']}:00 to {c['hour_utc']}:59 UTC\n"
        return when + (
            "hidden" if c["hidden"] else f"{c['transactions']:,} transactions, {plain(c['share'])} % of all"
        )

    return [
        {"x": str(c["hour_utc"]), "y": c["weekday_name"][:3], "value": c["transactions"], "hidden": c["hidden"],
         "text": HIDDEN if c["hidden"] else None, "tip": tip(c)}
        for c in cells
    ]  # fmt: skip


def leading_merchants(cells: list[Cell]) -> list[Mark]:
    return [
        {"net": c["net"], "merchant": c["merchant"],
         "tip": f"{c['merchant']}\n{c['standing']}. in {category_name(c['category'])}: "
                f"{amount(c['net'], c['currency'])} net\n{people(c)}"}
        for c in shown(cells)
        if c["standing"] <= MERCHANTS
    ]  # fmt: skip


def fraud_by_state(cells: list[Cell]) -> list[Mark]:
    those = shown(cells)
    overall = 10_000 * Fraction(sum(c["frauds"] for c in those), sum(c["labelled"] for c in those))

    def sure(c: Cell) -> str:
        if Fraction(c["from_at_least"]) > overall:
            return "surely more than in all"
        return "surely less" if Fraction(c["to_at_most"]) < overall else "not sure"

    return [
        {name: c[name] for name in ("frauds_in_10000", "from_at_least", "to_at_most", "state")} | {
         "sure": sure(c),
         "tip": f"{c['state_name']}: {number(c['frauds_in_10000'], 1)} frauds in 10,000\n95 % interval "
                f"{number(c['from_at_least'], 1)} to {number(c['to_at_most'], 1)}\n"
                f"{c['frauds']:,} of {c['labelled']:,} labelled transactions, {c['customers']:,} customers"}
        for c in those
    ]  # fmt: skip


def whom_fraud_hits(cells: list[Cell]) -> list[Mark]:
    names = {**GENDERS, "unknown": "gender not known"}
    groups = {c["gender"] for c in shown(cells) if c["labelled"]}

    def tip(c: Cell) -> str:
        if c["hidden"]:
            return "Hidden"
        return (
            f"{names[c['gender']]} of {c['age_band']}, {category_name(c['category'])}\n"
            f"{number(c['frauds_in_10000'], 1)} frauds in 10,000: {c['frauds']} of {c['labelled']:,}\n"
            f"{c['customers']:,} customers"
        )

    return [
        {"x": age(c["age_band"]), "y": category_name(c["category"]), "value": c["frauds_in_10000"],
         "hidden": c["hidden"], "group": names[c["gender"]], "text": written(c, "frauds_in_10000"), "tip": tip(c)}
        for c in cells
        if c["labelled"] != 0 and c["gender"] in groups
    ]  # fmt: skip


def growth(cells: list[Cell]) -> list[Mark]:
    def grown(c: Cell) -> str:
        value = c["net_growth"]
        return "" if value is None else f"{'+' if value > 0 else ''}{number(value, 1)} %"

    return [
        {"net_a_day": c["net_a_day"], "partial": c["partial"], "at": month(c["month"]), "label": grown(c),
         "days_label": f"{c['days']} days" if c["partial"] else "",
         "tip": f"{month(c['month'])}: {amount(c['net_a_day'], c['currency'])} a day, of {c['days']} days\n"
                f"{grown(c) and grown(c) + ' against the month before' + chr(10)}{c['customers']:,} customers"}
        for c in shown(cells)
    ]  # fmt: skip


def segments(cells: list[Cell]) -> list[Mark]:
    def mark(c: Cell) -> Mark:
        lately, often, much = (THIRDS[name][c[name] - 1] for name in ("recency", "frequency", "money"))
        tip = "Hidden" if c["hidden"] else (
            f"{c['customers']:,} customers who {lately}, come {often} and spend {much}\n"
            f"{amount(c['net'], c['currency'])} net, {plain(c['share_of_net'])} % of all"
        )  # fmt: skip
        return {
            "x": often, "y": much, "group": lately, "value": c["share_of_net"], "hidden": c["hidden"],
            "text": written(c, "share_of_net", 1, " %"), "tip": tip,
        }  # fmt: skip

    return [mark(c) for c in cells]


def retention(cells: list[Cell]) -> list[Mark]:
    def tip(c: Cell) -> str:
        if c["hidden"]:
            return "Hidden"
        partly = "\n* of a month that has some of its days only" if c["partial"] else ""
        return (
            f"Of {c['cohort_customers']:,} customers who began in {month(c['cohort'])}\n{c['customers']:,} came back "
            f"{c['months_after']} months later, {plain(c['retained'])} %{partly}"
        )

    return [
        {"x": str(c["months_after"]), "y": month(c["cohort"]), "value": c["retained"], "hidden": c["hidden"],
         "text": written(c, "retained", 1, " %*" if c["partial"] else " %"), "tip": tip(c)}
        for c in cells
    ]  # fmt: skip


def distance(cells: list[Cell]) -> list[Mark]:
    measures = (("kilometers", "mean distance, km", " km"), ("beyond_100_km", "beyond 100 km", " %"))
    return [
        {"label": c["urbanicity"], "group": group, "value": c[name], "text": number(c[name], 1) + unit,
         "tip": f"{c['urbanicity']}: {number(c['kilometers'], 1)} km from home on average\n"
                f"{plain(c['beyond_100_km'])} % beyond 100 km\n"
                f"{people(c)}"}
        for c in shown(cells)
        for name, group, unit in measures
    ]  # fmt: skip


PICTURED: Final[dict[str, Callable[[list[Cell]], list[Mark]]]] = {
    "q01": spend_by_region, "q02": preferences, "q03": women_and_men, "q04": ages, "q05": week,
    "q06": leading_merchants, "q07": fraud_by_state, "q08": whom_fraud_hits, "q09": growth, "q10": segments,
    "q11": retention, "q12": distance,
}  # fmt: skip
