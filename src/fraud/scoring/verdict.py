"""What the scorer says of one record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fraud.model.model import Scored
from fraud.model.trees import Value
from fraud.records.score_row import Decision, Fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The score of a record, and what its card's history keeps of it.

    Attributes:
        model: the id of the champion; None where no model scored, and why is the `fallback`.
        scored: what the champion said, from which its reasons are computed; None where no model scored.
        stage1: the log-odds of the first stage by model id, in thousandths, as `CardHistory.with_` takes them.
        decision: the stronger one of the model's and the live rules'.
        rule_hits: the ids of the live rules that hit.
        shadow: the challenger's log-odds in thousandths by its id; empty where it failed.
        features: of both stages where a model scored, of the first one else, none where the card is not known.
        shadow_hits: the ids of the rules that hit and are not acted upon.
        rule_errors: the ids of the rules that failed.
        model_errors: the ids of the models that failed.
    """

    model: str | None = None
    scored: Scored | None = None
    stage1: Mapping[str, int] = field(default_factory=dict)
    decision: Decision
    rules_version: str | None = None
    rule_hits: tuple[str, ...] = ()
    fallback: Fallback | None = None
    shadow: Mapping[str, int] = field(default_factory=dict)
    features: tuple[Value, ...] = ()
    shadow_hits: tuple[str, ...] = ()
    rule_errors: tuple[str, ...] = ()
    model_errors: tuple[str, ...] = ()

    @property
    def raw_millilogit(self) -> int | None:
        """The log-odds of fraud in thousandths; None where no model scored."""
        return None if self.scored is None else self.scored.raw_millilogit

    @property
    def score(self) -> int | None:
        """The calibrated probability in thousandths, 0 to 999; None where no model scored."""
        return None if self.scored is None else self.scored.score
