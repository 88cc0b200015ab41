"""Computes served scores again: each card's records in the order of the stream, under the versions of their rows.

A record without a row is a repeat, is in the states since they were filled from the lake, or was never read; the last
one is in no history.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fraud.features.catalogue import FEATURES
from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from fraud.records.score_row import ScoreRow
from fraud.scoring.comparison import Cell, cells_of
from fraud.scoring.filling import Filling
from fraud.scoring.fold import scored
from fraud.scoring.state_memory import Entry, state_key
from fraud.scoring.versions import PinnedVersions, Versions
from txn_core.positions import Position
from txn_core.transactions.instants import Instant

SHOWN_MAX: Final = 10
_CARD_AGE: Final = [feature.name for feature in FEATURES].index("card_age")

PlaceKey = tuple[str, int, int]
"""Shard, sequence number and sub-sequence number."""
LoadVersions = Callable[[PinnedVersions], Versions]
"""The versions of these ids; None for those that are not there any more."""


def place_key(position: Position) -> PlaceKey:
    """What a row and its record are found by."""
    return position.shard_id, *position.within_shard()


class Difference(NamedTuple):
    """A cell that was served otherwise than it is computed."""

    card: str
    position: Position
    cell: Cell


@dataclass(slots=True)
class Findings:
    """What was compared, what differs, and what could not be compared, by its reason."""

    rows: int = 0
    cells: int = 0
    differences: int = 0
    shown: list[Difference] = field(default_factory=list)
    unchecked: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Findings") -> None:
        """Take in what was found of other cards."""
        self.rows += other.rows
        self.cells += other.cells
        self.differences += other.differences
        self.shown = [*self.shown, *other.shown][:SHOWN_MAX]
        self.unchecked.update(other.unchecked)


@dataclass(slots=True)
class _Card:
    """A card as it is folded, with what was entered. `unknown` says why its history is not all known."""

    history: CardHistory
    entries: list[Entry]
    unknown: str | None = None

    def is_on_two_shards(self, position: Position) -> bool:
        """Whether it also has records of another shard than a position's."""
        return any(each.position.shard_id != position.shard_id for each in self.entries)


class _Try(NamedTuple):
    """The cells of a row as they come with some of the records, and the log-odds."""

    cells: tuple[Cell, ...]
    stage1: Mapping[str, int]


class _Late(NamedTuple):
    """A row of a card on two shards, which differs in the lake's order."""

    card: _Card
    entry: Entry
    row: ScoreRow
    versions: Versions
    cells: tuple[Cell, ...]

    def with_others(self) -> "Iterator[_Try]":
        """The cells and log-odds behind all earlier records of the own shard and more and more of the others."""
        shard_id, place = self.entry.position.shard_id, self.entry.position.within_shard()
        own = [each for each in self.card.entries if each.position.shard_id == shard_id]
        own = [each for each in own if each.position.within_shard() < place]
        others = [each for each in self.card.entries if each.position.shard_id != shard_id]
        with_rules = _is_there(self.row.rules_version, self.versions.rules)
        for known in range(len(others) + 1):
            history = CardHistory.empty()
            for each in (*others[:known], *own):
                history.with_(each.observation, each.stage1)
            verdict = scored(self.entry.observation, history, self.versions, arrived_at=self.row.arrived_at)
            yield _Try(tuple(cells_of(self.row, verdict, with_rules=with_rules)), verdict.stage1)


class Replay:
    """Folds cards, and compares the rows that arrived from a moment on.

    Args:
        rows: every row of the cards, also those from before, by its place.
        versions: loads versions by their ids.
        since: rows that arrived earlier are computed, and not compared.
        filling: how the states were filled, if they were.
    """

    def __init__(
        self, rows: Mapping[PlaceKey, ScoreRow], versions: LoadVersions, since: Instant, filling: Filling | None
    ) -> None:
        self._rows, self._versions, self._since, self._filling = rows, versions, since, filling
        self._cards: dict[str, _Card] = {}
        self._late: list[_Late] = []
        self.findings = Findings()

    def add(self, observation: Observation, position: Position, arrived_at: Instant) -> None:
        """Take the next record of the stream, of one of the cards that have rows or of one of their aliases."""
        card = self._card(observation)
        row = self._rows.get(place_key(position))
        if row is not None:
            self._compare(card, Entry(observation, {}, position), row)
        elif self._filling is not None and self._filling.has(position, arrived_at):
            versions = self._versions(PinnedVersions(self._filling.model))
            if versions.champion is None and self._filling.model is not None:
                card.unknown = "a card whose state was filled under a model that is not there any more"
            verdict = scored(observation, card.history, versions, arrived_at=arrived_at)
            self._enter(card, Entry(observation, verdict.stage1, position))

    def _compare(self, card: _Card, entry: Entry, row: ScoreRow) -> None:
        is_asked = row.arrived_at >= self._since
        reason, stage1 = self._found(card, entry, row, is_asked=is_asked)
        if reason is not None and is_asked:
            self.findings.unchecked[reason] += 1
        if row.fallback != "state_unavailable":
            self._enter(card, entry._replace(stage1=stage1))

    def _found(
        self, card: _Card, entry: Entry, row: ScoreRow, *, is_asked: bool
    ) -> tuple[str | None, Mapping[str, int]]:
        """Why a row is not compared, if it is not, and the log-odds that its record is entered with."""
        logged = {} if row.model is None or row.stage1_millilogit is None else {row.model: row.stage1_millilogit}
        if row.fallback == "state_unavailable":
            return "the state could not be read", logged
        if card.history.knows(entry.observation.transaction_id):
            return "an id that was scored before", logged
        if (
            len(row.features) > _CARD_AGE
            and row.features[_CARD_AGE] is not None
            and card.history.first_seen_s is None
        ):
            card.unknown = "a card that is older than the lake"
        named = PinnedVersions(row.model, next(iter(row.shadow), None), row.rules_version)
        versions = self._versions(named)
        verdict = scored(entry.observation, card.history, versions, arrived_at=row.arrived_at)
        has_models = _is_there(named.model, versions.champion) and _is_there(named.challenger, versions.challenger)
        if not has_models:
            return "a model that is not there any more, or not trusted", {**logged, **verdict.stage1}
        if card.unknown is not None:
            return card.unknown, verdict.stage1
        cells = tuple(cells_of(row, verdict, with_rules=_is_there(named.rules, versions.rules)))
        stage1 = verdict.stage1
        if not _are_same(cells) and card.is_on_two_shards(entry.position):
            late = _Late(card, entry, row, versions, cells)
            known = next((each for each in late.with_others() if _are_same(each.cells)), None)
            cells, stage1 = (cells, {**stage1, **logged}) if known is None else known
            if known is None and is_asked:
                self._late.append(late)
        if is_asked and (_are_same(cells) or not card.is_on_two_shards(entry.position)):
            self._count(entry, row, cells)
        if is_asked and not _is_there(named.rules, versions.rules):
            return "rules that are not there any more (their decision alone)", stage1
        return None, stage1

    def finish(self) -> Findings:
        """What was found, when every record was taken.

        A record on a wrong shard is folded by another worker, which has seen more or fewer records of the right one
        than the lake's order says. A row counts as it comes with as many of them as make most cells what was served.
        """
        for late in self._late:
            tries = [late.cells, *(each.cells for each in late.with_others())]
            self._count(late.entry, late.row, min(tries, key=_differing))
        self._late.clear()
        return self.findings

    def _count(self, entry: Entry, row: ScoreRow, cells: tuple[Cell, ...]) -> None:
        found = self.findings
        found.rows += 1
        found.cells += len(cells)
        for cell in cells:
            if not cell.is_same:
                found.differences += 1
                if len(found.shown) < SHOWN_MAX:
                    found.shown.append(Difference(f"{row.account}#{row.card_id}", entry.position, cell))

    def _enter(self, card: _Card, entry: Entry) -> None:
        if not card.history.knows(entry.observation.transaction_id):
            card.history.with_(entry.observation, entry.stage1)
            card.entries.append(entry)

    def _card(self, observation: Observation) -> _Card:
        key = state_key(observation.account, observation.card_id)
        if (card := self._cards.get(key)) is None:
            aliases = (self._cards.get(state_key(observation.account, alias)) for alias in observation.card_aliases)
            older = next((each for each in aliases if each is not None), None)
            card = self._cards[key] = (
                _Card(CardHistory.empty(), [])
                if older is None
                else _Card(CardHistory.unpack(older.history.pack()), list(older.entries), older.unknown)
            )
        return card


def _is_there(wanted: str | None, found: object | None) -> bool:
    return wanted is None or found is not None


def _differing(cells: tuple[Cell, ...]) -> int:
    return sum(not cell.is_same for cell in cells)


def _are_same(cells: tuple[Cell, ...]) -> bool:
    return _differing(cells) == 0
