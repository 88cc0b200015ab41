"""Half of a replay of the sample with its clock and its amounts changed: an alarm there, and none in the other half."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import pytest
import structlog.testing

np = pytest.importorskip("numpy", reason="the extra `train`")

from fraud.features.catalogue import FEATURES, features_of
from fraud.features.stage_two import STAGE2
from fraud.history.card_history import CardHistory
from fraud.model.model import Model, Scored
from fraud.model.trees import Value
from fraud.observations.observation import Observation
from fraud.scoring.verdict import Verdict
from fraud.training.calibration import drift_bins
from tests.fraud.observed import SAMPLE, needs_sample
from tests.fraud.scoring.made_models import model
from txn_cli.fraud.labelled_file import LabelledFile
from workers.metrics import WorkerMetrics
from workers.score.drift_watch import BLOCK_RECORDS, WINDOW_BLOCKS, DriftWatch
from workers.score.score_metrics import ScoreMetrics

HALF = 3_000
WINDOW = WINDOW_BLOCKS * BLOCK_RECORDS
THREE_HOURS_US = 3 * 3_600 * 1_000_000


@needs_sample
def test_a_shift_alarms_within_500_records_and_nothing_does_before() -> None:
    rows = [row.observation for row in islice(LabelledFile(str(SAMPLE)).rows(), 3 * HALF)]
    seen = Seen()
    learned = seen.values(rows[:HALF])
    clean = [verdict(values) for values in seen.values(rows[HALF : 2 * HALF])]
    shifted = [verdict(values) for values in seen.values([changed(row) for row in rows[2 * HALF :]])]
    champion, watch = of_bins(learned), DriftWatch(ScoreMetrics(WorkerMetrics("score")))
    with structlog.testing.capture_logs() as before:
        watch.note(champion, clean)
    assert before == []
    with structlog.testing.capture_logs() as behind:
        watch.note(champion, shifted[:WINDOW])
    assert [(entry["event"], entry["alarm"]) for entry in behind] == [("score_drift", True)]
    assert "amount" in behind[0]["features"]


class Seen:
    """Cards and what was seen of them."""

    def __init__(self) -> None:
        self._histories: dict[str, CardHistory] = {}

    def values(self, rows: Sequence[Observation]) -> list[list[Value]]:
        """The features of the first stage, after all rows before."""
        return [self._values(row) for row in rows]

    def _values(self, row: Observation) -> list[Value]:
        history = self._histories.setdefault(row.card_id, CardHistory.empty())
        values = features_of(row, history)
        history.with_(row, {})
        return values


def verdict(values: Sequence[Value]) -> Verdict:
    return Verdict(decision="pass", scored=Scored(0, 0, 0, (*values, *[None] * len(STAGE2))))


def changed(row: Observation) -> Observation:
    """The same three hours later, for three fifths of the amount."""
    return replace(row, occurred_at_us=row.occurred_at_us + THREE_HOURS_US, amount_minor=row.amount_minor * 6 // 10)


def of_bins(learned: Sequence[Sequence[Value]]) -> Model:
    """A model that was trained on rows of these values."""
    matrix = np.array(learned, dtype=float)
    drift = [drift_bins(feature.name, matrix[:, place]) for place, feature in enumerate(FEATURES)]
    sound = model()
    return Model.of(sound.manifest.model_copy(update={"drift": drift}), sound.trees)
