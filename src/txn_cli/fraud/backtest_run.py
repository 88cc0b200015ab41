"""Models and rules, held against the same rows in one go."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fraud.evaluation.backtest import Backtest
from fraud.evaluation.intervals import Estimate, Estimates
from fraud.evaluation.side_by_side import SideBySide
from fraud.model.model import Model
from fraud.training.labelled import Labelled
from txn_cli.fraud.side_lines import side_lines
from txn_cli.fraud.written_rules import rule_lines

if TYPE_CHECKING:
    from fraud.rules.rule_backtest import RuleBacktest


class BacktestRun:
    """All that is measured in one go over the rows: models, challengers beside the first one, and rules.

    `rejected` is how many rows of the file were damaged and left out.
    """

    def __init__(self, models: Sequence[Model], rules: "RuleBacktest | None") -> None:
        self._tests = [Backtest(model) for model in models]
        self._beside = [SideBySide(models[0].decide, model.decide) for model in models[1:]]
        self._rules = rules
        self.rejected = 0

    def take(self, rows: Iterable[tuple[Labelled, bool]]) -> None:
        """Hold rows against all; those that are not to be counted fill histories."""
        for row, is_counted in rows:
            if is_counted:
                self._count(row)
                continue
            for test in self._tests:
                test.fill(row.observation)
            if self._rules is not None:
                self._rules.fill(row.observation)

    def _count(self, row: Labelled) -> None:
        if self._rules is not None:
            self._rules.add(row.observation, is_fraud=row.is_fraud)
        judged = [test.add(row.observation, is_fraud=row.is_fraud) for test in self._tests]
        for side, other in zip(self._beside, judged[1:], strict=True):
            if (first := judged[0]) is not None and other is not None:
                side.add(first.card, first.day, champion=first.score, challenger=other.score, is_fraud=row.is_fraud)

    def document(self) -> dict[str, Any]:
        """What was found, as JSON has it."""
        ids = [test.model.id for test in self._tests]
        return {
            "backtests": [{"model": test.model.id, **test.document()} for test in self._tests],
            "side_by_side": [
                {"champion": ids[0], "challenger": other, **side.document()}
                for other, side in zip(ids[1:], self._beside, strict=True)
            ],
            "rules": None if self._rules is None else self._rules.document(),
            "rejected": self.rejected,
        }

    def lines(self) -> Iterator[str]:
        """What was found, for people."""
        for test in self._tests:
            found = test.estimates()
            yield f"{test.model.id}: {found.rows:,} rows, {found.frauds:,} frauds"
            if found.frauds:
                yield f"  {_measured(found)}"
            else:
                yield "  nothing to measure: no frauds are known among these rows"
            yield (
                f"  {test.alerts:,} alerts, {test.alerts_a_day():,.1f} a day; of {test.fraud_minor / 100:,.2f} in "
                f"frauds {test.caught_minor / 100:,.2f} alerted"
            )
        for test, side in zip(self._tests[1:], self._beside, strict=True):
            yield from side_lines(test.model.id, side.document())
        if self._rules is not None:
            yield from rule_lines(self._rules.document())
        if self.rejected:
            rows = "1 row of the file was" if self.rejected == 1 else f"{self.rejected:,} rows of the file were"
            yield f"{rows} damaged and not used"


def _measured(found: Estimates) -> str:
    return (
        f"average precision {_shown(found.average_precision)}, recall at 0.1 % "
        f"{_shown(found.recall_at_fpr)}, precision of 5 cards a day {_shown(found.card_precision)}"
    )


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
