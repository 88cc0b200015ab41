"""Which rules fail on every transaction: a hundred failures in a row disable a rule.

To disable one makes another version of the set (`Rules.without`), which is wanted in the registry like any other and
begins at a position that the drain pins. So a replay sees each rule disabled where it was, and scores stay the same.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

IN_A_ROW_MAX: Final = 100


class RuleHealth:
    """Counts failures of the rules of one version, for one reader of transactions.

    Attributes:
        failures: of each rule, all in all.
    """

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()
        self._in_a_row: dict[str, int] = {}

    def note(self, errors: Iterable[str]) -> frozenset[str]:
        """Note which rules failed on the next transaction; gives those that are to be disabled.

        A rule that did not fail has none in a row.
        """
        failed = tuple(errors)
        if not failed and not self._in_a_row:
            return frozenset()
        self.failures.update(failed)
        self._in_a_row = {rule_id: self._in_a_row.get(rule_id, 0) + 1 for rule_id in failed}
        return frozenset(rule_id for rule_id, count in self._in_a_row.items() if count >= IN_A_ROW_MAX)
