"""The manifest of a model: what it is, what it was trained on, what it can do, and how to find out that it works.

The signature covers the manifest's bytes, and the manifest holds the digest of the trees: nothing that is read is
unsigned. The model's id is made of the manifest, so that two models never share one.
"""

import hashlib
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from fraud.model.flat_tree import FEATURES_MAX, HexFloat, Part, floats

ID_PATTERN: Final = r"^mdl_[0-9a-f]{32}$"
SCORE_MAX: Final = 999
KNOWN_ANSWERS: Final = 20
DRIFT_BINS_MAX: Final = 20
MILLILOGIT_MAX: Final = 1_000_000_000

ModelId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Millilogit = Annotated[int, Field(ge=-MILLILOGIT_MAX, le=MILLILOGIT_MAX)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
_Share = Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]
_Count = Annotated[int, Field(ge=0)]


class Training(Part):
    """The rows behind a model: those that grew the trees come before `stop`, the report's come from `test` on.

    `delay_s` is how long after a transaction its label counts as known, and `label_cutoff` when labels were read.
    """

    source: Annotated[str, StringConstraints(max_length=200)]
    first: Moment
    stop: Moment
    test: Moment
    last: Moment
    label_cutoff: Moment
    delay_s: _Count
    rows: _Count
    frauds: _Count
    cards: _Count
    seed: _Count


class Interval(Part):
    """A measure and its 95 % interval, by resampling of cards."""

    value: _Share
    low: _Share
    high: _Share


class Metrics(Part):
    """What a model did on rows of one kind: cards it had seen, cards it had not, a mixture, shifted rows."""

    kind: _Name
    rows: _Count
    frauds: _Count
    average_precision: Interval
    recall_at_fpr: Interval
    card_precision: Interval


class Thresholds(Part):
    """The log-odds, in thousandths, from which a transaction is to be reviewed, or is an alert."""

    review: Millilogit
    alert: Millilogit

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review > self.alert:
            raise ValueError("review above alert")
        return self


class DriftBins(Part):
    """The values of a feature, or of the score, in training: `counts` of the rows below, between and above `bounds`.

    `missing` counts rows without a value.
    """

    name: _Name
    bounds: Annotated[list[FiniteFloat], Field(max_length=DRIFT_BINS_MAX)]
    counts: Annotated[list[_Count], Field(min_length=1, max_length=DRIFT_BINS_MAX + 1)]
    missing: _Count

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.counts) != len(self.bounds) + 1 or any(low >= high for low, high in pairwise(self.bounds)):
            raise ValueError("bins that do not fit")
        return self


class KnownAnswer(Part):
    """A row of the second stage, which begins with the row of the first, and the log-odds of both, bit by bit."""

    values: Annotated[list[HexFloat | None], Field(max_length=FEATURES_MAX)]
    first: HexFloat
    second: HexFloat


class Manifest(Part):
    """The file `manifest.json`."""

    format: Literal[1]
    id: ModelId
    feature_set: Annotated[int, Field(ge=1)]
    feature_digest: Sha256
    features: Annotated[int, Field(ge=1, le=FEATURES_MAX)]
    further: Annotated[int, Field(ge=1, le=FEATURES_MAX)]
    trees: Sha256
    training: Training
    metrics: Annotated[list[Metrics], Field(max_length=20)]
    cuts: Annotated[list[Millilogit], Field(min_length=SCORE_MAX, max_length=SCORE_MAX)]
    thresholds: Thresholds
    drift: Annotated[list[DriftBins], Field(max_length=FEATURES_MAX)]
    known_answers: Annotated[list[KnownAnswer], Field(min_length=KNOWN_ANSWERS, max_length=100)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(low > high for low, high in pairwise(self.cuts)):
            raise ValueError("a calibration that falls")
        if any(len(answer.values) != self.features + self.further for answer in self.known_answers):
            raise ValueError("known answers of another width")
        for answer in self.known_answers:
            floats(value for value in answer.values if value is not None)
        return self

    def identified(self) -> "Manifest":
        """The same manifest under the id that is made of it."""
        return self.model_copy(update={"id": self.derived_id()})

    def derived_id(self) -> str:
        """The id that is made of everything else."""
        content = self.model_dump_json(exclude={"id"}).encode()
        return f"mdl_{hashlib.sha256(content).hexdigest()[:32]}"
