"""An alarm begins within 500 records of a shift, is told once, and ends with it."""

from typing import Any

import pytest
import structlog.testing

from fraud.features.catalogue import FEATURES
from fraud.features.stage_two import STAGE2
from fraud.model.drift import ALARM
from fraud.model.manifest import DriftBins
from fraud.model.model import Model, Scored
from fraud.scoring.verdict import Verdict
from tests.fraud.scoring.made_models import CHALLENGER, model
from workers.metrics import WorkerMetrics
from workers.score.drift_watch import BLOCK_RECORDS, RAW, WINDOW_BLOCKS, DriftWatch
from workers.score.score_metrics import ScoreMetrics

WIDTH = len(FEATURES) + len(STAGE2)
AMOUNT = [feature.name for feature in FEATURES].index("amount")
WINDOW = WINDOW_BLOCKS * BLOCK_RECORDS


def verdict(amount: int | None, raw: int = 0) -> Verdict:
    features: list[Any] = [None] * WIDTH
    features[AMOUNT] = amount
    return Verdict(decision="pass", scored=Scored(raw, 0, 0, tuple(features)))


def bins(name: str, bounds: list[float], counts: list[int]) -> DriftBins:
    return DriftBins(name=name, bounds=bounds, counts=counts, missing=0)


@pytest.fixture
def watched() -> tuple[DriftWatch, Model, WorkerMetrics]:
    """A watch and a model whose training saw amounts below and above 10 alike."""
    metrics, sound = WorkerMetrics("score"), model()
    drift = [bins("amount", [10.0], [500, 500]), bins(RAW, [100.0], [900, 100]), bins("unheard_of", [], [1])]
    manifest = sound.manifest.model_copy(update={"drift": drift})
    return DriftWatch(ScoreMetrics(metrics)), Model.of(manifest, sound.trees), metrics


def usual(count: int) -> list[Verdict]:
    return [verdict(5 if number % 2 else 15, 200 if number % 10 == 0 else 0) for number in range(count)]


def index(metrics: WorkerMetrics, feature: str = "amount") -> float | None:
    return metrics.registry.get_sample_value("txn_score_drift", {"feature": feature})


def test_an_alarm_begins_and_ends_once(watched: tuple[DriftWatch, Model, WorkerMetrics]) -> None:
    watch, champion, metrics = watched
    with structlog.testing.capture_logs() as log:
        watch.note(champion, usual(WINDOW - 1))
        assert index(metrics) is None, "too few to judge"
        watch.note(champion, usual(WINDOW + 1))
        assert index(metrics) == pytest.approx(0, abs=1e-6)
        watch.note(champion, [verdict(5) for _ in range(WINDOW)])
        assert (index(metrics) or 0) > ALARM
        watch.note(champion, usual(2 * WINDOW))
    told = [(entry["event"], entry["alarm"]) for entry in log]
    assert told == [("score_drift", True), ("score_drift", False)]
    assert log[0]["features"].keys() <= {"amount", RAW}


def test_another_model_begins_with_no_records(watched: tuple[DriftWatch, Model, WorkerMetrics]) -> None:
    watch, champion, metrics = watched
    watch.note(champion, usual(WINDOW - 1))
    watch.note(model(CHALLENGER), usual(1))
    watch.note(champion, usual(1))
    watch.note(None, usual(WINDOW))
    watch.note(champion, [Verdict(decision="pass")] * WINDOW)
    assert index(metrics) is None
