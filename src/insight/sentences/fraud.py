"""What is seen in the questions on fraud: where it is above what is usual, and whom it hits."""

from collections.abc import Sequence

from insight.sentences.words import GENDERS, Cell, category_name, known, listed
from txn_core.figures.proportion import proportion

_NO_STATE = "??"


def fraud_by_state(cells: Sequence[Cell]) -> str:
    """The states whose whole interval lies above or below the rate of all that is shown; of one, its interval."""
    those = known(cells, "frauds", "from_at_least")
    if len(those) == 1:
        return _fraud_in(those[0])
    labelled = sum(cell["labelled"] for cell in those)
    if not labelled:
        return ""
    overall = 10_000 * sum(cell["frauds"] for cell in those) / labelled
    above = sorted((cell for cell in those if cell["from_at_least"] > overall), key=_rate_first)
    below = [cell for cell in those if cell["to_at_most"] < overall]
    found = (
        f"In {len(above)} of {len(those)} states fraud is above that even by the lower end of the interval: "
        + listed([f"{cell['state']} ({cell['frauds_in_10000']})" for cell in above])
        if above
        else f"In none of {len(those)} states is fraud surely above that: all intervals reach down to it"
    )
    return (
        f"Of 10,000 labelled transactions in the states shown, {overall:.1f} are fraud. {found}. "
        f"In {len(below)} it is surely below."
    )


def _fraud_in(cell: Cell) -> str:
    place = "of no known state" if cell["state"] == _NO_STATE else f"in {cell['state_name']}"
    return (
        f"Of 10,000 labelled transactions {place}, {cell['frauds_in_10000']} are fraud: "
        f"{cell['frauds']:,} of {cell['labelled']:,}. The 95 % interval is {cell['from_at_least']} to "
        f"{cell['to_at_most']}."
    )


def fraud_by_segment(cells: Sequence[Cell]) -> str:
    """The segment with most fraud, judged by the lower end of its interval, so that few transactions do not win."""
    those = [cell for cell in known(cells, "frauds", "labelled") if cell["labelled"]]
    frauds, labelled = (sum(cell[name] for cell in those) for name in ("frauds", "labelled"))
    if not those:
        return ""
    if not frauds:
        return f"None of the {labelled:,} labelled transactions shown is fraud."
    most = max(those, key=lambda cell: (_at_least(cell["frauds"], cell["labelled"]), cell["labelled"]))
    return (
        f"Fraud hits {GENDERS.get(most['gender'], most['gender'])} of {most['age_band']} in "
        f"{category_name(most['category'])} most: {most['frauds_in_10000']} in 10,000 of their {most['labelled']:,} "
        f"labelled transactions, against {10_000 * frauds / labelled:.1f} in all that is shown."
    )


def _rate_first(cell: Cell) -> tuple[object, ...]:
    return -cell["frauds_in_10000"], cell["state"]


def _at_least(found: int, of: int) -> float:
    """The lower end of the 95 % interval."""
    counted = proportion(found, of)
    return 0.0 if counted is None else counted.low
