"""What is seen in the quality of alerts, in sentences that are computed from its numbers."""

from collections.abc import Sequence
from typing import Any, Final

FEW: Final = 5
"""Of fewer decided alerts nothing is said but their number."""
SENTENCES_MAX: Final = 20


def seen(total: dict[str, Any], rules: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences on all alerts, and on rules whose interval lies apart from it; at most `SENTENCES_MAX`."""
    decided = total["fraud"] + total["legitimate"]
    left = (
        f"{_alerts(total['open'])} not decided yet and {total['inconclusive']:,} inconclusive: "
        "they count neither as frauds nor as legitimate."
    )
    if decided < FEW:
        few = f"{decided:,} of {_alerts(total['alerts'])} decided: too few to say how often alerts are right."
        return [few, left]
    of_all = total["precision"]
    known = [rule for rule in rules if rule["precision"] is not None and rule["precision"]["of"] >= FEW]
    few = sum(rule["alerts"] > 0 for rule in rules) - len(known)
    found = [
        f"Of {of_all['of']:,} decided alerts {_frauds(of_all)}.",
        left,
        *(
            f"Rule {rule['rule']}: of {rule['precision']['of']:,} decided alerts {_frauds(rule['precision'])}; "
            f"that is clearly {'less' if rule['precision']['high'] < of_all['low'] else 'more'} than of all alerts."
            for rule in known
            if rule["precision"]["high"] < of_all["low"] or rule["precision"]["low"] > of_all["high"]
        ),
        *(
            f"Rule {rule['rule']}: a model would have raised each of its {rule['alerts']:,} alerts as well."
            for rule in rules
            if rule["alerts"] >= FEW and rule["rules_alone"] == 0
        ),
    ][: SENTENCES_MAX - 1]
    if few:
        found.append(f"Rules with alerts of which fewer than {FEW} are decided: {few:,}. Nothing is said of them.")
    return found


def _alerts(count: int) -> str:
    return f"{count:,} {'alert is' if count == 1 else 'alerts are'}"


def _frauds(share: dict[str, Any]) -> str:
    value, low, high = (f"{100 * share[name]:.1f}" for name in ("value", "low", "high"))
    return (
        f"{share['count']:,} {'was a fraud' if share['count'] == 1 else 'were frauds'}, {value} % ({low} to {high})"
    )
