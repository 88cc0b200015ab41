"""A served score against the same one computed again, cell by cell and bit by bit."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Any, Final, NamedTuple

from fraud.features.catalogue import FEATURE_SET, FEATURES
from fraud.features.feature import Feature
from fraud.features.stage_two import STAGE2
from fraud.records.score_row import ScoreRow
from fraud.scoring.verdict import Verdict

_NAMES: Final = tuple(each.name for each in chain[Feature[Any]](FEATURES, STAGE2))
_FEATURE: Final = "feature"


class Cell(NamedTuple):
    """One value of a score, as it was served and as it is computed: text that tells any two values apart."""

    name: str
    served: str
    computed: str

    @property
    def is_same(self) -> bool:
        """Whether both are the same bits."""
        return self.served == self.computed


def cells_of(row: ScoreRow, verdict: Verdict, *, with_rules: bool) -> Iterator[Cell]:
    """The cells of a row. Without the rules at hand, what they have a part in is left out.

    A row with another fallback than the verdict's was scored by no model: its reason is not computed again.
    """
    yield Cell("feature_set", str(row.feature_set), str(FEATURE_SET))
    for number, (served, computed) in enumerate(zip_longest(row.features, verdict.features)):
        name = _NAMES[number] if number < len(_NAMES) else f"{_FEATURE} {number}"
        yield Cell(name, _text(served), _text(computed))
    said = verdict.scored
    yield Cell("stage1_millilogit", str(row.stage1_millilogit), str(said and said.stage1_millilogit))
    yield Cell("raw_millilogit", str(row.raw_millilogit), str(verdict.raw_millilogit))
    yield Cell("score", str(row.score), str(verdict.score))
    yield Cell("shadow", str(dict(row.shadow)), str(dict(verdict.shadow)))
    if with_rules:
        yield Cell("decision", row.decision, verdict.decision)
        yield Cell("rule_hits", ",".join(row.rule_hits), ",".join(verdict.rule_hits))


def _text(value: float | None) -> str:
    return "none" if value is None else repr(float(value))
