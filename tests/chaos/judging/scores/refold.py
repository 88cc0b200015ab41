"""A card's records folded once more by `fraud.scoring` alone, under the versions that the rows themselves name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import islice, product
from typing import Final

from fraud.features.catalogue import FEATURES
from fraud.history.card_history import CardHistory
from fraud.model.trees import log_odds, milli, spread
from fraud.observations.observation import Observation
from fraud.observations.reading import observation_of
from fraud.records.score_row import ScoreRow
from fraud.scoring.fold import scored
from fraud.scoring.score_rows import row_of
from tests.chaos.judging.finding import Finding
from tests.chaos.judging.scores.cuts import Cut, beyond, smallest, starts
from tests.chaos.judging.scores.evidence import Card, Record, Registry
from tests.chaos.judging.views import Place

CHOICES_MAX: Final = 64
_FIELDS: Final = tuple(each.name for each in fields(ScoreRow))


@dataclass(slots=True)
class Refold:
    """The records of one card, and which of them each of its scores may have known."""

    card: Card
    registry: Registry
    _observed: dict[Place, Observation] = field(default_factory=dict)

    def faults(self) -> Iterator[Finding]:
        """Each record without the score that is due, with one that is not due, or with another one."""
        ends: dict[str, list[Cut]] = {}
        for number, (shard_id, lane) in enumerate(self.card.lanes.items()):
            ancestors = self.card.lineage.ancestors(shard_id)
            cuts = starts(self.card, shard_id, [end for other, end in ends.items() if other in ancestors])
            for record in lane:
                found = self._possible(record, cuts)
                if found:
                    cuts = found
                else:
                    yield self._fault(record, cuts)
                cuts = [(*cut[:number], cut[number] + 1, *cut[number + 1 :]) for cut in cuts]
            ends[shard_id] = cuts

    def histories(self, cut: Cut | None = None) -> Iterator[CardHistory]:
        """What the card's history may be when these records are known, all of them by default.

        Only an id that was scored on two shards leaves a choice: which of its scores was entered.
        """
        known = list(self._known(cut))
        by_id: dict[str, list[Record]] = {}
        for record in known:
            by_id.setdefault(record.event.transaction_id, []).append(record)
        for choice in islice(product(*by_id.values()), CHOICES_MAX):
            history = CardHistory.empty()
            for record in choice:
                assert record.row is not None
                history.with_(self._observation(record), self._stage1(record.row, record))
            yield history

    def _known(self, cut: Cut | None) -> Iterator[Record]:
        """Records that were scored: all else of a card is repeats of them."""
        for number, lane in enumerate(self.card.lanes.values()):
            yield from (record for record in islice(lane, None if cut is None else cut[number]) if record.row)

    def _possible(self, record: Record, cuts: list[Cut]) -> list[Cut]:
        """The smallest cuts with which the record's row is as it is; without a row, with which its id is known."""
        after = beyond(self.card, record.place.shard_id, cuts)
        if record.row is None:
            return smallest(cut for cut in after if record.event.transaction_id in self._ids(cut))
        holds = partial(self._gives, record, record.row)
        return smallest(cut for cut in after if holds(cut))

    def _ids(self, cut: Cut) -> set[str]:
        return {record.event.transaction_id for record in self._known(cut)}

    def _gives(self, record: Record, row: ScoreRow, cut: Cut) -> bool:
        return record.event.transaction_id not in self._ids(cut) and any(
            self._again(record, row, history) == row for history in self.histories(cut)
        )

    def _again(self, record: Record, row: ScoreRow, history: CardHistory) -> ScoreRow:
        """The row that the fold gives. Features are floating-point numbers in the log."""
        verdict = scored(
            self._observation(record), history, self.registry.versions_of(row), arrived_at=row.arrived_at
        )
        again = row_of(record.event, record.position, verdict, arrived_at=row.arrived_at, scored_at=row.scored_at)
        return replace(again, features=tuple(None if value is None else float(value) for value in again.features))

    def _fault(self, record: Record, cuts: list[Cut]) -> Finding:
        where = f"{record.event.transaction_id} at {record.place}"
        if record.row is None:
            return Finding("not scored", where)
        if record.event.transaction_id in self._ids(cuts[0]):
            return Finding("scored twice", where)
        again = self._again(record, record.row, next(self.histories(cuts[0])))
        differ = [name for name in _FIELDS if getattr(again, name) != getattr(record.row, name)]
        return Finding("a score differs from its refold", f"{where}: {', '.join(differ)}")

    def _observation(self, record: Record) -> Observation:
        if (known := self._observed.get(record.place)) is None:
            known = self._observed[record.place] = observation_of(record.event)
        return known

    def _stage1(self, row: ScoreRow, record: Record) -> Mapping[str, int]:
        """The log-odds of the first stage by model. A challenger's follow from the features of the row."""
        versions = self.registry.versions_of(row)
        return {
            model.id: milli(log_odds(model.first, spread(row.features[: len(FEATURES)])))
            for model in (versions.champion, versions.challenger)
            if model is not None
        }
