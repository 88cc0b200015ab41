"""Whether the latest records are still what the champion was trained on, feature by feature.

The population stability index is computed over the latest `WINDOW_BLOCKS * BLOCK_RECORDS` records that one model has
scored in this process, each time a block is full. An alarm begins in the log when the index of a feature rises to
`ALARM`, and ends when none has as much.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog

from fraud.features.catalogue import FEATURES
from fraud.features.stage_two import STAGE2
from fraud.model.drift import ALARM, SeenValues
from fraud.model.model import Model
from fraud.model.trees import Value
from fraud.scoring.verdict import Verdict
from workers.score.score_metrics import ScoreMetrics

BLOCK_RECORDS: Final = 100
WINDOW_BLOCKS: Final = 5
NAMED_MAX: Final = 5
"""Features that the log names, those that have shifted most."""
RAW: Final = "raw_millilogit"
_PLACES: Final = {
    name: place for place, name in enumerate([*(each.name for each in FEATURES), *(each.name for each in STAGE2)])
}

_log = structlog.get_logger(__name__)


class DriftWatch:
    """Watches the records of one process."""

    def __init__(self, metrics: ScoreMetrics) -> None:
        self._metrics = metrics
        self._model: Model | None = None
        self._blocks: deque[list[tuple[Value, ...]]] = deque(maxlen=WINDOW_BLOCKS)
        self._alarmed = False

    def note(self, model: Model | None, verdicts: Sequence[Verdict]) -> None:
        """Note verdicts of a champion; another one begins with no records."""
        if model is None:
            return
        if self._model is None or self._model.id != model.id:
            self._model = model
            self._blocks.clear()
        for verdict in verdicts:
            if verdict.scored is not None:
                self._add((*verdict.scored.features, verdict.scored.raw_millilogit), model)

    def _add(self, values: tuple[Value, ...], model: Model) -> None:
        if not self._blocks or len(self._blocks[-1]) == BLOCK_RECORDS:
            self._blocks.append([])
        self._blocks[-1].append(values)
        if len(self._blocks) == WINDOW_BLOCKS and len(self._blocks[-1]) == BLOCK_RECORDS:
            self._compare(model)

    def _compare(self, model: Model) -> None:
        found: dict[str, float] = {}
        for bins in model.manifest.drift:
            place = -1 if bins.name == RAW else _PLACES.get(bins.name)
            if place is None:
                continue
            seen = SeenValues(bins)
            for block in self._blocks:
                for values in block:
                    seen.add(values[place])
            found[bins.name] = seen.index()
            self._metrics.drift.labels(bins.name).set(found[bins.name])
        self._tell(found, model)

    def _tell(self, found: dict[str, float], model: Model) -> None:
        shifted = sorted((name for name, index in found.items() if index >= ALARM), key=lambda name: -found[name])
        if bool(shifted) is self._alarmed:
            return
        self._alarmed = bool(shifted)
        indices = {name: round(found[name], 3) for name in shifted[:NAMED_MAX]}
        if shifted:
            _log.warning("score_drift", alarm=True, model=model.id, features=indices, shifted=len(shifted))
        else:
            _log.info("score_drift", alarm=False, model=model.id)
