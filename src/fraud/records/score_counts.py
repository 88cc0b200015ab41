"""Counts of score rows: how many there were, how high the scores were, and which rules hit how often."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraud.records.score_row import ScoreRow
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import DATE_LENGTH

SCORE_STEP: Final = 25
"""How many scores, of 0 to 999, are counted together."""
STEPS: Final = 1_000 // SCORE_STEP
RULES_MAX: Final = 1_000
"""Of one day; hits of further ones are not counted."""


class CountedDay(NamedTuple):
    """Whose rows, and on which day of arrival, `2026-01-02` in UTC."""

    account: Account
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCounts:
    """Counts of some score rows.

    Attributes:
        scored: how many rows there were.
        by_score: of those that a model scored, how many had a score from `SCORE_STEP * place` on, below the next.
        live: how many rows each live rule hit, by its id.
        shadow: the same of rules in shadow.
    """

    scored: int = 0
    by_score: tuple[int, ...] = (0,) * STEPS
    live: Mapping[str, int] = field(default_factory=dict)
    shadow: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "ScoreCounts") -> "ScoreCounts":
        return ScoreCounts(
            scored=self.scored + other.scored,
            by_score=tuple(map(sum, zip(self.by_score, other.by_score, strict=True))),
            live=_sum(self.live, other.live),
            shadow=_sum(self.shadow, other.shadow),
        )


def counts_of(rows: Iterable[ScoreRow]) -> dict[CountedDay, ScoreCounts]:
    """The counts of some rows, by account and day of arrival."""
    sorted_rows: dict[CountedDay, list[ScoreRow]] = {}
    for row in rows:
        sorted_rows.setdefault(CountedDay(row.account, row.arrived_at[:DATE_LENGTH]), []).append(row)
    return {day: _counted(of_day) for day, of_day in sorted_rows.items()}


def _counted(rows: list[ScoreRow]) -> ScoreCounts:
    by_score = Counter(row.score // SCORE_STEP for row in rows if row.score is not None)
    return ScoreCounts(
        scored=len(rows),
        by_score=tuple(by_score[place] for place in range(STEPS)),
        live=Counter(rule for row in rows for rule in row.rule_hits),
        shadow=Counter(rule for row in rows for rule in row.shadow_hits),
    )


def _sum(some: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    """The sums by rule, in the order of the rules' ids."""
    total = {rule: some.get(rule, 0) + others.get(rule, 0) for rule in (*some, *others)}
    return dict(sorted(list(total.items())[:RULES_MAX]))
