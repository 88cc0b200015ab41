"""Whether the latest records are still what the champion was trained on, feature by feature.

The population stability index is computed over the latest `WINDOW_BLOCKS * BLOCK_RECORDS` records that one model has
scored in this process, each time a block is full, and shown of every feature. An alarm begins in the log when the
index of a `STEADY` feature rises to `ALARM`, and ends when none has as much. So many records are some minutes or
hours of a stream. What follows the clock (the hour, the category that people buy at that hour, the score), or grows
with a card's history, differs there from the weeks of training without anything being wrong.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog

from fraud.features.catalogue import FEATURES
from fraud.features.stage_two import STAGE2
from fraud.model.drift import ALARM, counts_of, index_of
from fraud.model.model import Model
from fraud.model.trees import Value
from fraud.scoring.verdict import Verdict
from workers.score.score_metrics import ScoreMetrics

BLOCK_RECORDS: Final = 100
WINDOW_BLOCKS: Final = 5
STEADY: Final = frozenset({"amount", "entry_mode", "holder_age", "gender", "city_population", "from_home"})
"""Features whose index stays below 0.18 in every 500 records in a row of the sample, with bins of its first days."""
RAW: Final = "raw_millilogit"
_PLACES: Final = {
    name: place for place, name in enumerate([*(each.name for each in FEATURES), *(each.name for each in STAGE2)])
} | {RAW: -1}

_Values = tuple[Value, ...]

_log = structlog.get_logger(__name__)


class DriftWatch:
    """Watches the records of one process."""

    def __init__(self, metrics: ScoreMetrics) -> None:
        self._metrics = metrics
        self._model: Model | None = None
        self._block: list[_Values] = []
        self._counts: deque[list[list[int]]] = deque(maxlen=WINDOW_BLOCKS)
        self._alarmed = False

    def note(self, model: Model | None, verdicts: Sequence[Verdict]) -> None:
        """Note verdicts of a champion; another one begins with no records."""
        if model is None:
            return
        if self._model is None or self._model.id != model.id:
            self._model = model
            self._block.clear()
            self._counts.clear()
        for verdict in verdicts:
            if verdict.scored is not None:
                self._block.append((*verdict.scored.features, verdict.scored.raw_millilogit))
                if len(self._block) == BLOCK_RECORDS:
                    self._count(model)

    def _count(self, model: Model) -> None:
        """Count a block that is full, value by value of its records."""
        bins = [each for each in model.manifest.drift if each.name in _PLACES]
        columns = tuple(zip(*self._block, strict=True))
        self._counts.append([counts_of(each, columns[_PLACES[each.name]]) for each in bins])
        self._block.clear()
        if len(self._counts) < WINDOW_BLOCKS:
            return
        found: dict[str, float] = {}
        for each, blocks in zip(bins, zip(*self._counts, strict=True), strict=True):
            found[each.name] = index_of(each, [*map(sum, zip(*blocks, strict=True))])
            self._metrics.drift.labels(each.name).set(found[each.name])
        self._tell({name: round(found[name], 3) for name in sorted(STEADY & found.keys()) if found[name] >= ALARM})

    def _tell(self, shifted: dict[str, float]) -> None:
        if bool(shifted) is self._alarmed:
            return
        self._alarmed = bool(shifted)
        assert self._model is not None  # noqa: S101 - its records were counted
        if shifted:
            _log.warning("score_drift", alarm=True, model=self._model.id, features=shifted)
        else:
            _log.info("score_drift", alarm=False, model=self._model.id)
