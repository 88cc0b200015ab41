"""What is seen in the questions on habits: ages, hours, growth, retention, distance."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from insight.sentences.words import Cell, category_name, in_currency, known, month_name, month_of, signed


def ages(cells: Sequence[Cell]) -> str:
    """The category whose part differs most between two age bands."""
    by_category: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in known(cells, "share"):
        if cell["age_band"] != "unknown":
            by_category[cell["category"]].append(cell)
    spans = {
        category: (max(those, key=_share), min(those, key=_share))
        for category, those in by_category.items()
        if len(those) > 1
    }
    if not spans:
        return ""
    category = min(spans, key=lambda name: (_share(spans[name][1]) - _share(spans[name][0]), name))
    most, least = spans[category]
    return (
        f"Ages differ most on {category_name(category)}: {most['share']} % of the transactions of "
        f"{most['age_band']}, {least['share']} % of those of {least['age_band']}."
    )


def hours(cells: Sequence[Cell]) -> str:
    """The busiest and the quietest hour of the week."""
    those = known(cells, "transactions")
    if not any(cell["transactions"] for cell in those):
        return ""
    busiest = max(those, key=lambda cell: (cell["transactions"], -cell["weekday"], -cell["hour_utc"]))
    quietest = min(those, key=lambda cell: (cell["transactions"], cell["weekday"], cell["hour_utc"]))
    return (
        f"The busiest hour is {_hour(busiest)} with {busiest['transactions']:,} transactions ({busiest['share']} % "
        f"of all); the quietest shown is {_hour(quietest)} with {quietest['transactions']:,}."
    )


def growth(cells: Sequence[Cell]) -> str:
    """How the last month grew by day; a whole one, where there is one."""
    currency, those = in_currency(known(cells, "transactions_a_day"))
    grown = known(those, "transactions_growth")
    if not grown:
        return ""
    last = max(grown, key=lambda cell: (not cell["is_partial"], cell["month"]))
    money_grew = "" if last["net_growth"] is None else f" and {signed(last['net_growth'], '%')} money"
    fastest = max(grown, key=lambda cell: (cell["transactions_growth"], cell["month"]))
    beside = (
        ""
        if fastest is last
        else f" Transactions grew most in {month_of(fastest)}: {signed(fastest['transactions_growth'], '%')}."
    )
    return (
        f"In {currency}, a day of {month_of(last)} had {signed(last['transactions_growth'], '%')} transactions"
        f"{money_grew} against a day of the month before, over {last['days']} days.{beside}"
    )


def retention(cells: Sequence[Cell]) -> str:
    """How many of the largest cohort came back, first and last."""
    those = [cell for cell in known(cells, "retained") if cell["months_after"] > 0]
    if not those:
        return ""
    cohort = max(those, key=lambda cell: (cell["cohort_customers"], cell["cohort"]))["cohort"]
    later = sorted((cell for cell in those if cell["cohort"] == cohort), key=lambda cell: cell["months_after"])
    whole = [cell for cell in later if not cell["is_partial"]] or later
    first, last = whole[0], whole[-1]
    until = "" if first is last else f" and {last['retained']} % {_after(last)}"
    return (
        f"Of the {first['cohort_customers']:,} customers who began in {month_name(cohort)}, {first['retained']} % "
        f"came back {_after(first)}{until}."
    )


def distance(cells: Sequence[Cell]) -> str:
    """Who pays farthest from home, and who nearest."""
    those = [cell for cell in known(cells, "kilometers") if cell["urbanicity"] != "unknown"]
    if not those:
        return ""
    farthest = max(those, key=lambda cell: cell["kilometers"])
    nearest = min(those, key=lambda cell: cell["kilometers"])
    if farthest is nearest:
        return f"Customers of {farthest['urbanicity']} places pay {farthest['kilometers']} km from home on average."
    return (
        f"Customers of {farthest['urbanicity']} places pay farthest from home, {farthest['kilometers']} km on "
        f"average ({farthest['beyond_100_km']} % beyond 100 km); those of {nearest['urbanicity']} places "
        f"{nearest['kilometers']} km ({nearest['beyond_100_km']} %)."
    )


def _share(cell: Cell) -> Decimal:
    value: Decimal = cell["share"]
    return value


def _hour(cell: Cell) -> str:
    return f"{cell['weekday_name']} {cell['hour_utc']:02}:00 UTC"


def _after(cell: Cell) -> str:
    months = cell["months_after"]
    return "a month later" if months == 1 else f"{months} months later"
