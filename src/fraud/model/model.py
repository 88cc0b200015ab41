"""A model that was checked: scores a transaction, decides, and explains."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from fraud.features.catalogue import features_of, stage2_of
from fraud.history.card_history import CardHistory
from fraud.model.compiled_trees import LogOdds, compiled
from fraud.model.contributions import Contributions
from fraud.model.flat_tree import TreesFile
from fraud.model.manifest import Manifest
from fraud.model.reasons import Reason, reasons_of
from fraud.model.trees import Node, Value, milli, spread
from fraud.observations.observation import Observation

Decision = Literal["pass", "review", "alert"]


class Scored(NamedTuple):
    """What a model says of a transaction.

    `raw_millilogit` are the log-odds of fraud in thousandths, `stage1_millilogit` those of the first stage alone,
    `score` is the calibrated probability in thousandths, `features` are the values that both stages read.
    """

    raw_millilogit: int
    stage1_millilogit: int
    score: int
    features: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Two stages of trees and what their log-odds mean. Immutable: any number of threads may score."""

    manifest: Manifest
    trees: TreesFile = field(repr=False)
    first: Sequence[Node] = field(repr=False)
    second: Sequence[Node] = field(repr=False)
    _explained: tuple[Contributions, Contributions] = field(init=False, repr=False)
    _compiled: tuple[LogOdds, LogOdds] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        stages = self.trees.first, self.trees.second
        first, second = (Contributions.of(stage.trees, stage.features) for stage in stages)
        object.__setattr__(self, "_explained", (first, second))
        object.__setattr__(self, "_compiled", (compiled(self.first), compiled(self.second)))

    @classmethod
    def of(cls, manifest: Manifest, trees: TreesFile) -> "Model":
        """The model of files that fit together."""
        return cls(manifest, trees, tuple(trees.first.nodes()), tuple(trees.second.nodes()))

    @property
    def id(self) -> str:
        """The model's id, under which a history keeps its log-odds."""
        return self.manifest.id

    def score(self, observation: Observation, history: CardHistory) -> Scored:
        """Score a transaction after the card's earlier ones. Neither argument is changed."""
        values = features_of(observation, history)
        stage1 = milli(self.first_log_odds(values))
        values = [*values, *stage2_of(observation, history, self.manifest.id, stage1)]
        raw = milli(self.second_log_odds(values))
        return Scored(raw, stage1, self.calibrated(raw), tuple(values))

    def first_log_odds(self, values: Sequence[Value]) -> float:
        """What the first stage says of its values."""
        return self._compiled[0](spread(values))

    def second_log_odds(self, values: Sequence[Value]) -> float:
        """What the second stage says of the values of both."""
        return self._compiled[1](spread(values))

    def reasons(self, scored: Scored) -> tuple[Reason, ...]:
        """What speaks most for fraud, the strongest first. Takes as long as some scores: for alerts alone."""
        return reasons_of(*self._explained, scored.features)

    def calibrated(self, raw_millilogit: int) -> int:
        """The probability of fraud in thousandths, 0 to 999."""
        return bisect_right(self.manifest.cuts, raw_millilogit)

    def decide(self, raw_millilogit: int) -> Decision:
        """What is to be done with a transaction of these log-odds."""
        thresholds = self.manifest.thresholds
        if raw_millilogit >= thresholds.alert:
            return "alert"
        return "review" if raw_millilogit >= thresholds.review else "pass"
