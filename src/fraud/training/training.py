"""`train`: from labelled transactions to the files of a model and a report. The same bytes for the same rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fraud.evaluation.intervals import Estimates
from fraud.model.manifest import KNOWN_ANSWERS, Thresholds, Training
from fraud.training.boosting import TREES
from fraud.training.calibration import calibration_cuts, drift_bins, thresholds_for
from fraud.training.labelled import DAY_S, Cards, Labelled, by_card
from fraud.training.matrices import LearningRows
from fraud.training.plan import Plan, moment_of
from fraud.training.report import report
from fraud.training.trained_model import evenly, model_files, names_of_values, stages
from fraud.training.two_stages import TwoStages, mixture

CAPACITY: Final = 0.01
"""The share of transactions that reviewers can look at, unless they say how many a day."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to train.

    Attributes:
        source: where the rows come from, as the manifest says it.
        delay_s: how long after a transaction its label is taken for known.
        known_at_s: when labels were read, in seconds since 1970-01-01 UTC; None is the time of the last row.
        alerts_a_day: how many alerts reviewers can take; None is `CAPACITY`.
        trees: how many trees a stage has.
        key: the private key that signs; None leaves the model unsigned.
    """

    source: str
    delay_s: int = 0
    known_at_s: int | None = None
    alerts_a_day: int | None = None
    seed: int = 1
    trees: int = TREES
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model's id, its files by name, and what it does."""

    model_id: str
    files: Mapping[str, bytes] = field(repr=False)
    training: Training
    thresholds: Thresholds
    estimates: Mapping[str, Estimates]

    def document(self) -> dict[str, object]:
        """The report as JSON has it."""
        return {
            "model": self.model_id,
            "training": self.training.model_dump(),
            "thresholds": self.thresholds.model_dump(),
            "metrics": {kind: each.document() for kind, each in self.estimates.items()},
        }


def learning_rows(rows: LearningRows, cards: Cards, plan: Plan, *, seed: int) -> LearningRows:
    """The mixture to grow and calibrate on: made of the days before those that judge, and of nothing else."""
    before = {card: [row for row in each if row.at_s < plan.test] for card, each in cards.items()}
    others = {card: each for card, each in mixture(before, seed).items() if each is not before[card]}
    return rows.part(rows.at_s < plan.test).with_cards(others)


def train(labelled: Iterable[Labelled], request: Request) -> Trained:
    """Grow, calibrate and judge a model on transactions in the order of their stream.

    Raises:
        ModelError: the transactions are too few, or the model does not pass its own checks.
    """
    cards = by_card(labelled)
    everything = [row for each in cards.values() for row in each]
    plan = Plan.of(everything, delay_s=request.delay_s, known_at_s=request.known_at_s)
    rows = LearningRows.of(cards)
    learned = learning_rows(rows, cards, plan, seed=request.seed)
    grown, folds = TwoStages.with_folds(learned, stop_s=plan.stop, seed=request.seed, trees=request.trees)
    _, scores, values = grown.served(learned, learned.at_s < plan.test)
    calibrates = learned.at_s >= plan.stop
    cuts = calibration_cuts(scores[calibrates], learned.labels[calibrates])
    days = (plan.test - plan.stop) // DAY_S
    alerts = int(calibrates.sum() * CAPACITY) if request.alerts_a_day is None else request.alerts_a_day * days
    thresholds = thresholds_for(scores[calibrates], cuts, alerts)
    answers = evenly(np.unique(scores, return_index=True)[1], KNOWN_ANSWERS)
    training = Training(
        source=request.source,
        first=moment_of(plan.first),
        stop=moment_of(plan.stop),
        test=moment_of(plan.test),
        last=moment_of(max(row.at_s for row in everything)),
        label_cutoff=moment_of(plan.end + request.delay_s),
        delay_s=request.delay_s,
        rows=len(everything),
        frauds=sum(row.is_fraud for row in everything),
        cards=len(cards),
        seed=request.seed,
    )
    found = report(grown, folds, rows, cards, plan=plan, seed=request.seed)
    names = names_of_values()
    model_id, files = model_files(
        trees=stages(grown.first.stage(), grown.second.stage()),
        training=training,
        estimates=found,
        cuts=cuts,
        thresholds=thresholds,
        drift=[
            *(drift_bins(name, values[:, place]) for place, name in enumerate(names)),
            drift_bins("raw_millilogit", scores.astype(float)),
        ],
        answered=values[answers],
        key=request.key,
    )
    return Trained(model_id, files, training, thresholds, found)
