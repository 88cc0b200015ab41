"""What a model does of served scores: `txn train` on the sample, then each of its rows through the scorer's drain.

The measures come from the score log's Parquet objects, and from the labels of the file by transaction id. They have
to be those that `txn train` reports of the same days, with their intervals, to the last of five decimals.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from bench.drains.fetched import encoded
from bench.scorer.free_stores import free_settings
from bench.scorer.sample import SAMPLE, sample_bodies
from bench.scorer.served_log import ServedLog, in_order, late_and_resharded, served_log
from bench.write_path.results import Result, at_least, compared, none_of, tell
from fraud.evaluation.intervals import Estimate, Estimates, estimates
from fraud.evaluation.ranking import Judged
from fraud.model.loading import MANIFEST, TREES, checked_model
from fraud.records.score_row import ScoreRow
from fraud.scoring.versions import Versions
from fraud.training.labelled import DAY_S, Labelled
from fraud.training.training import Request, Trained, train
from txn_cli.fraud.labelled_file import LabelledFile
from txn_core.settings import Settings
from txn_core.transactions.instants import datetime_of

FLOORS: Final = {"average_precision": 0.970, "recall_at_fpr": 0.955, "card_precision": 0.95}
LATE_CARDS_IN: Final = 4
"""Every fourth card, for the run with late rows and a reshard."""


class Label(NamedTuple):
    """What a file says of a transaction: the name of its card, by which cards are drawn, and whether it was fraud."""

    card: str
    is_fraud: bool


@dataclass(slots=True)
class Labels:
    """The labels of rows that pass through."""

    by_id: dict[str, Label] = field(default_factory=dict)

    def noted(self, rows: Iterable[Labelled]) -> Iterator[Labelled]:
        """The rows, whose labels are noted; of an id that comes again the first one counts."""
        for row in rows:
            seen = row.observation
            self.by_id.setdefault(seen.transaction_id, Label(f"{seen.account}#{seen.card_id}", row.is_fraud))
            yield row


def measure() -> list[Result]:
    """All rows in the order of time; then a part of the cards late and over a reshard."""
    labels = Labels()
    tell("served: training")
    trained = train(labels.noted(LabelledFile(str(SAMPLE)).rows()), Request(f"file {SAMPLE.name}"))
    with free_settings() as settings:
        return [*_in_order(settings, trained, labels.by_id), *_late(settings, trained)]


def versions_of(trained: Trained) -> Versions:
    """The trained model as champion, alone."""
    return Versions(checked_model(trained.files[MANIFEST], trained.files[TREES]))


def served_estimates(rows: Iterable[ScoreRow], labels: Mapping[str, Label], since: str) -> Estimates:
    """The measures of rows that happened from a moment on.

    Raises:
        ValueError: a row has no score.
    """
    return estimates(_judged(rows, labels, datetime.fromisoformat(since).astimezone(UTC)))


def _judged(rows: Iterable[ScoreRow], labels: Mapping[str, Label], since: datetime) -> Iterator[Judged]:
    for row in rows:
        if (at := datetime_of(row.occurred_at)) < since:
            continue
        if row.raw_millilogit is None:
            raise ValueError(f"no model scored {row.transaction_id}: {row.fallback}")
        card, is_fraud = labels[row.transaction_id]
        yield Judged(card, int(at.timestamp()) // DAY_S, row.raw_millilogit, is_fraud)


def _in_order(settings: Settings, trained: Trained, labels: Mapping[str, Label]) -> Iterator[Result]:
    tell("served: scoring every row in the order of time")
    versions = versions_of(trained)
    log = asyncio.run(served_log(settings, versions, in_order(map(encoded, sample_bodies()))))
    found, told = served_estimates(log.rows(), labels, trained.training.test), trained.estimates["seen"].document()
    for name, floor in FLOORS.items():
        estimate: Estimate = getattr(found, name)
        measure = f"{name} of {found.rows:,} served rows ({estimate.low:.3f} to {estimate.high:.3f})"
        yield compared(measure, [estimate.value], [floor], at_least(1), by="count")
    differing = sum(figure != told[name] for name, figure in found.document().items())
    yield none_of("figures that differ from the report of txn train", differing)
    yield from _verified(log, versions, "in the order of time")


def _late(settings: Settings, trained: Trained) -> Iterator[Result]:
    tell("served: scoring with late rows and a reshard")
    versions = versions_of(trained)
    shards = late_and_resharded(map(encoded, sample_bodies(one_card_in=LATE_CARDS_IN)))
    log = asyncio.run(served_log(settings, versions, shards))
    yield from _verified(log, versions, "10 % late, over a reshard")


def _verified(log: ServedLog, versions: Versions, how: str) -> Iterator[Result]:
    tell("served: computing the rows of the log again")
    found, records = log.findings(versions), sum(map(len, log.shards))
    yield none_of(f"differing cells of {found.cells:,} in {found.rows:,} rows, {how}", found.differences)
    yield none_of(f"rows that were not compared of {records:,} records, {how}", records - found.rows)
