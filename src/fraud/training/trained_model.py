"""A trained model as its files: trees, manifest with known answers, signature."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from fraud.evaluation.intervals import Estimate, Estimates
from fraud.features.catalogue import FEATURE_SET, FEATURES, feature_set_digest
from fraud.features.stage_two import STAGE2
from fraud.model.flat_tree import Stage, TreesFile
from fraud.model.loading import MANIFEST, SIGNATURE, TREES, checked_model
from fraud.model.manifest import (
    KNOWN_ANSWERS,
    DriftBins,
    Interval,
    KnownAnswer,
    Manifest,
    Metrics,
    Thresholds,
    Training,
)
from fraud.model.signature import signed
from fraud.model.trees import log_odds, spread
from fraud.training.matrices import FIRST, SECOND, Matrix

_UNNAMED: Final = "mdl_" + "0" * 32


def model_files(
    *,
    trees: TreesFile,
    training: Training,
    estimates: Mapping[str, Estimates],
    cuts: Sequence[int],
    thresholds: Thresholds,
    drift: Sequence[DriftBins],
    answered: Matrix,
    key: bytes | None,
) -> tuple[str, dict[str, bytes]]:
    """The id and the files of a model; without a private key there is no signature. They were loaded once.

    Raises:
        ModelError: they do not pass the checks that a scorer makes.
    """
    trees_bytes = trees.model_dump_json().encode()
    manifest = Manifest(
        format=1,
        id=_UNNAMED,
        feature_set=FEATURE_SET,
        feature_digest=feature_set_digest(),
        features=FIRST,
        further=SECOND,
        trees=hashlib.sha256(trees_bytes).hexdigest(),
        training=training,
        metrics=[_metrics(kind, each) for kind, each in estimates.items()],
        cuts=list(cuts),
        thresholds=thresholds,
        drift=list(drift),
        known_answers=_known_answers(trees, answered),
    ).identified()
    files = {MANIFEST: manifest.model_dump_json(indent=1).encode(), TREES: trees_bytes}
    checked_model(files[MANIFEST], files[TREES])
    if key is not None:
        files[SIGNATURE] = signed(files[MANIFEST], key)
    return manifest.id, files


def names_of_values() -> list[str]:
    """The names of the values of a row, those of the second stage last."""
    return [*(feature.name for feature in FEATURES), *(feature.name for feature in STAGE2)]


def _known_answers(trees: TreesFile, values: Matrix) -> list[KnownAnswer]:
    first, second = trees.first.nodes(), trees.second.nodes()
    answers = []
    for number in range(KNOWN_ANSWERS):
        row = [None if np.isnan(value) else float(value) for value in values[number % len(values)]]
        answers.append(
            KnownAnswer(
                values=[None if value is None else value.hex() for value in row],
                first=log_odds(first, spread(row[:FIRST])).hex(),
                second=log_odds(second, spread(row)).hex(),
            )
        )
    return answers


def _metrics(kind: str, found: Estimates) -> Metrics:
    return Metrics(
        kind=kind,
        rows=found.rows,
        frauds=found.frauds,
        average_precision=_interval(found.average_precision),
        recall_at_fpr=_interval(found.recall_at_fpr),
        card_precision=_interval(found.card_precision),
    )


def _interval(estimate: Estimate) -> Interval:
    return Interval(**{name: round(value, 5) for name, value in estimate._asdict().items()})


def stages(first: Stage, second: Stage) -> TreesFile:
    """Both stages as a file."""
    return TreesFile(first=first, second=second)


def evenly(ranked: Any, count: int) -> Any:
    """So many places of an array, from its first to its last."""
    return ranked[np.linspace(0, len(ranked) - 1, count).astype(int)]
