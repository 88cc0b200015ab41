"""What each group of features adds, and which parameters rank frauds higher: `python -m bench.model_search FILE`.

Days from the 80th on of the file are left out where rows are read, so that nothing here can see them: they judge the
model that is chosen. Days 0 to 49 grow the trees of each variant, days 50 to 79 judge it, and cards are drawn again
for intervals. A variant differs from the present training in one thing.
"""

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from fraud.evaluation.ranking import Judged
from fraud.evaluation.side_by_side import compared
from fraud.features.catalogue import FEATURES
from fraud.training.boosting import OPTIONS, TREES, Options
from fraud.training.labelled import DAY_S, Labelled, by_card, mixed, with_fraud
from fraud.training.matrices import LearningRows
from fraud.training.plan import Plan
from fraud.training.report import judged, judging
from fraud.training.two_stages import TwoStages, folds_of, mixture
from txn_cli.fraud.labelled_file import LabelledFile

DAYS_READ: Final = 80
DAYS_GROWN: Final = 50
SEED: Final = 1
SAMPLE: Final = "../shared/data/kaggle_like_dev.csv.gz"
PRESENT: Final = "present"

Scores = Mapping[str, Sequence[Judged]]
"""Scored transactions by kind: seen and unseen cards, the mixture."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to train.

    Attributes:
        without: a group of features that is missing everywhere.
        every: of the cards with fraud, which ones get ordinary purchases in their days of fraud.
        stage: whose log-odds rank, the first stage's (0) or the second's (1), which sees what the first one said.
    """

    name: str
    options: Options = OPTIONS
    trees: int = TREES
    without: str | None = None
    every: int = 2
    stage: int = 1


def both(**options: float) -> Options:
    """The present parameters, some of them changed in both stages."""
    return Options(*({**stage, **options} for stage in OPTIONS))


GROUPS: Final = tuple(dict.fromkeys(feature.group for feature in FEATURES))
WITHOUT: Final = (
    *(Variant(f"without {group}", without=group) for group in GROUPS),
    Variant("without stage 2", stage=0),
)
PARAMETERS: Final = (
    Variant("learning rate 0.04", both(learning_rate=0.04)),
    Variant("learning rate 0.09", both(learning_rate=0.09)),
    Variant("120 trees", trees=120),
    Variant("200 trees", trees=200),
    Variant("second stage of 15 leaves", Options(OPTIONS.first, {**OPTIONS.second, "num_leaves": 15})),
    Variant("leaves of 60 rows", both(min_data_in_leaf=60)),
    Variant("lambda 20", both(lambda_l2=20.0)),
    Variant("half of the features a tree", both(feature_fraction=0.5)),
    Variant("every third card mixed", every=3),
    Variant("every card mixed", every=1),
)


def early(rows: Iterable[Labelled]) -> Iterator[Labelled]:
    """The rows of the first 80 days, which the first row begins; no later row is passed on."""
    first: int | None = None
    for row in rows:
        first = row.day if first is None else first
        if row.day - first < DAYS_READ:
            yield row


class Search:
    """Rows and their features, computed once."""

    def __init__(self, rows: Iterable[Labelled]) -> None:
        self._cards = by_card(rows)
        self._rows = LearningRows.of(self._cards)
        first = int(self._rows.at_s.min()) // DAY_S * DAY_S
        stop = first + DAYS_GROWN * DAY_S
        self.plan = Plan(first, stop, stop, int(self._rows.at_s.max()) + 1)
        fraudulent = with_fraud(self._cards)
        self._among = LearningRows.of({card: mixed(card, self._cards[card], SEED) for card in fraudulent})
        self._fraudulent = np.isin(self._rows.cards, fraudulent)

    def scores(self, variant: Variant) -> Scores:
        """What a variant says of the days that judge."""
        before = {card: [row for row in each if row.at_s < self.plan.stop] for card, each in self._cards.items()}
        changed = {
            card: each for card, each in mixture(before, SEED, variant.every).items() if each is not before[card]
        }
        learned = self._rows.part(self._rows.at_s < self.plan.stop).with_cards(changed)
        stages, folds = TwoStages.with_folds(
            _without(learned, variant.without),
            stop_s=self.plan.stop,
            seed=SEED,
            trees=variant.trees,
            options=variant.options,
        )
        rows, among = _without(self._rows, variant.without), _without(self._among, variant.without)
        judges, parts = judging(rows, self.plan), folds_of(rows.cards, SEED)
        seen, unseen = stages.served(rows, judges)[variant.stage], np.zeros(int(judges.sum()), dtype=np.int64)
        for fold, without in enumerate(folds):
            inside = parts == fold
            unseen[inside[judges]] = without.served(rows, judges & inside)[variant.stage]
        others, days = judges & ~self._fraudulent, judging(among, self.plan)
        return {
            "seen": judged(rows, seen, judges),
            "unseen": judged(rows, unseen, judges),
            "mixture": [
                *judged(rows, seen[~self._fraudulent[judges]], others),
                *judged(among, stages.served(among, days)[variant.stage], days),
            ],
        }


def _without(rows: LearningRows, group: str | None) -> LearningRows:
    """The rows with a group of features missing."""
    if group is None:
        return rows
    values: Any = rows.first.copy()
    values[:, [place for place, feature in enumerate(FEATURES) if feature.group == group]] = np.nan
    return replace(rows, first=values)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", default=SAMPLE)
    parser.add_argument("--only", choices=("groups", "parameters"))
    asked = parser.parse_args()
    search = Search(early(LabelledFile(asked.file).rows()))
    present = search.scores(Variant(PRESENT))
    print(f"days 0 to {DAYS_GROWN - 1} grow, {DAYS_GROWN} to {DAYS_READ - 1} judge: "
          f"{len(present['seen']):,} rows, {sum(each.is_fraud for each in present['seen']):,} frauds")  # fmt: skip
    print(f"{'average precision, and its change':<36}" + "".join(f"{kind:>34}" for kind in present))
    variants = {"groups": WITHOUT, "parameters": PARAMETERS}
    chosen = variants[asked.only] if asked.only else WITHOUT + PARAMETERS
    for variant in (Variant(PRESENT), *chosen):
        began = time.process_time()
        scores = present if variant.name == PRESENT else search.scores(variant)
        cells = []
        for kind, rows in present.items():
            found = compared(rows, scores[kind])
            gap = found["difference"]
            cells.append(f"{found['challenger']:.4f} {gap['value']:+.4f} ({gap['low']:+.3f} to {gap['high']:+.3f})")
        print(f"{variant.name:<36}" + "".join(f"{cell:>34}" for cell in cells),
              f"{time.process_time() - began:7.1f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
