"""Whether served scores are what the raw lake and the models of their rows give again.

What is held at once is bounded: cards are compared in groups, and each group reads score log and lake once more.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.observations.raw_lake import COLUMNS, observations_of
from fraud.records.score_row import ScoreRow
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_registry import RuleRegistry
from fraud.rules.rule_set import RuleSet
from fraud.scoring.families import Families
from fraud.scoring.filling import FILLING_KEY, Filling
from fraud.scoring.replay import Findings, Replay, place_key
from fraud.scoring.score_log import rows_of
from fraud.scoring.state_memory import state_key
from fraud.scoring.versions import PinnedVersions, Versions
from txn_core.aws.objects import ObjectStore
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.lake.layout import RAW_PREFIX, SCORES_PREFIX
from txn_core.lake.stream_objects import POSITION_COLUMNS, positions_of, stream_tables
from txn_core.transactions.instants import EARLIEST, instant_of

_CARD: Final = ("account", "card_id")
RECORDS_MAX: Final = 100_000
"""Records of the lake whose cards are folded at once. With their rows in the score log they take half a gigabyte."""
NOT_ARCHIVED: Final = "a record that is not in the lake, or not yet"


@dataclass(frozen=True, slots=True)
class FeatureCheck:
    """Reads score log and raw lake of one bucket up to a moment. All there is of the cards is folded again.

    Cards are folded at once that have `records_max` records together, or one card that has more.
    """

    store: ObjectStore
    objects: VersionedObjects
    keys: Collection[bytes]
    end: datetime
    records_max: int = RECORDS_MAX

    async def findings(self, since: datetime) -> Findings:
        """Compare every row that arrived from a moment on.

        Raises:
            StoreError: the lake cannot be read.
        """
        families = await self._families(await self._cards(since))
        filling, loaded = await self._filling(), _Loaded(self.objects, self.keys)
        found = Findings()
        for cards in families.groups(self.records_max):
            found.add(await self._compared(cards, since, filling, loaded))
        return found

    async def _compared(
        self, cards: set[str], since: datetime, filling: Filling | None, loaded: "_Loaded"
    ) -> Findings:
        """What the rows of some cards are found to be."""
        rows = {place_key(row.position): row async for row in self._rows(cards, since)}
        await loaded.load(rows.values(), filling)
        replay = Replay(rows, loaded.versions, instant_of(since), filling)
        left = {place for place, row in rows.items() if row.arrived_at >= instant_of(since)}
        async for table in self._tables(RAW_PREFIX, EARLIEST, cards, (*COLUMNS, *POSITION_COLUMNS, "arrived_at")):
            for observation, position, at in zip(
                observations_of(table), positions_of(table), table["arrived_at"].to_pylist(), strict=True
            ):
                left.discard(place_key(position))
                replay.add(observation, position, instant_of(at))
        found = replay.finish()
        if left:
            found.unchecked[NOT_ARCHIVED] += len(left)
        return found

    async def _cards(self, since: datetime) -> set[str]:
        """The cards of what is compared."""
        found: set[str] = set()
        async for table in self._tables(SCORES_PREFIX, since, None, (*_CARD, "arrived_at")):
            late = table.filter(pc.greater_equal(table["arrived_at"], pa.scalar(since, table["arrived_at"].type)))
            found.update(map(state_key, *(late[name].to_pylist() for name in _CARD)))
        return found

    async def _families(self, cards: set[str]) -> Families:
        """The records of cards, and the older ids that their histories began with."""
        families = Families(cards)
        async for table in self._tables(RAW_PREFIX, EARLIEST, cards, (*_CARD, "card_aliases")):
            families.count(Counter(_keys(table).to_pylist()))
            if "card_aliases" in table.column_names and table["card_aliases"].null_count < table.num_rows:
                named = (table[name].to_pylist() for name in (*_CARD, "card_aliases"))
                for account, card_id, aliases in zip(*named, strict=True):
                    families.join(state_key(account, card_id), (state_key(account, alias) for alias in aliases or ()))
        if older := families.ids - cards:
            async for table in self._tables(RAW_PREFIX, EARLIEST, older, _CARD):
                families.count(Counter(_keys(table).to_pylist()))
        return families

    async def _rows(self, cards: set[str], since: datetime) -> AsyncIterator[ScoreRow]:
        """All rows of cards. Of those from before only a card's first one keeps its features."""
        seen: set[str] = set()
        async for table in self._tables(SCORES_PREFIX, EARLIEST, cards):
            for row in rows_of(table):
                key = state_key(row.account, row.card_id)
                yield replace(row, features=()) if key in seen and row.arrived_at < instant_of(since) else row
                seen.add(key)

    async def _tables(
        self, prefix: str, begin: datetime, cards: set[str] | None, columns: tuple[str, ...] | None = None
    ) -> AsyncIterator[pa.Table]:
        """The rows of some cards, or of all."""
        wanted = None if cards is None else pa.array(sorted(cards), pa.string())
        async for table in stream_tables(self.store, prefix, begin, self.end, columns):
            if wanted is None:
                yield table
                continue
            if (found := table.filter(pc.is_in(_keys(table), wanted))).num_rows:
                yield found

    async def _filling(self) -> Filling | None:
        loaded = await self.objects.load(FILLING_KEY)
        return None if loaded is None else Filling.model_validate_json(loaded.body)


def _keys(table: pa.Table) -> pa.ChunkedArray:
    """The key of each row's card."""
    return pc.binary_join_element_wise(table["account"], table["card_id"], "#")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Models and rules by their ids; None for those that are not taken any more."""

    objects: VersionedObjects
    keys: Collection[bytes]
    models: dict[str, Model | None] = field(default_factory=dict)
    rules: dict[str, RuleSet | None] = field(default_factory=dict)

    async def load(self, rows: Collection[ScoreRow], filling: Filling | None) -> None:
        """Load every model and every set of rules that rows name, and the model of the filling."""
        first = () if filling is None or filling.model is None else (filling.model,)
        named = {name for row in rows for name in (row.model, *row.shadow) if name is not None} | {*first}
        for name in sorted(named - self.models.keys()):
            try:
                self.models[name] = await ModelRegistry(self.objects).load(name, self.keys)
            except ModelError:
                self.models[name] = None
        versions = {row.rules_version for row in rows if row.rules_version is not None}
        for version in sorted(versions - self.rules.keys()):
            try:
                self.rules[version] = RuleSet.of(await RuleRegistry(self.objects).load(version))
            except (RuleError, ModelError):
                self.rules[version] = None

    def versions(self, named: PinnedVersions) -> Versions:
        """The versions of these ids."""
        champion, challenger, rules = named
        return Versions(
            None if champion is None else self.models[champion],
            None if challenger is None else self.models[challenger],
            None if rules is None else self.rules[rules],
        )
