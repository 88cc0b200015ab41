"""Whether served scores are what the raw lake and the models of their rows give again."""

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, replace
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
NOT_ARCHIVED: Final = "a record that is not in the lake, or not yet"


@dataclass(frozen=True, slots=True)
class FeatureCheck:
    """Reads score log and raw lake of one bucket up to a moment. All there is of the cards is folded again."""

    store: ObjectStore
    objects: VersionedObjects
    keys: Collection[bytes]
    end: datetime

    async def findings(self, since: datetime) -> Findings:
        """Compare every row that arrived from a moment on.

        Raises:
            StoreError: the lake cannot be read.
        """
        cards = await self._cards(since)
        cards |= await self._aliases(cards)
        rows = {place_key(row.position): row async for row in self._rows(cards, since)}
        loaded = await self._loaded(rows.values(), filling := await self._filling())
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

    async def _aliases(self, cards: set[str]) -> set[str]:
        """The cards under older ids that the histories of cards began with."""
        found: set[str] = set()
        async for table in self._tables(RAW_PREFIX, EARLIEST, cards, (*_CARD, "card_aliases")):
            if "card_aliases" in table.column_names:
                for account, aliases in zip(
                    table["account"].to_pylist(), table["card_aliases"].to_pylist(), strict=True
                ):
                    found.update(state_key(account, alias) for alias in aliases or ())
        return found

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
            keys = pc.binary_join_element_wise(table["account"], table["card_id"], "#")
            if (found := table.filter(pc.is_in(keys, wanted))).num_rows:
                yield found

    async def _filling(self) -> Filling | None:
        loaded = await self.objects.load(FILLING_KEY)
        return None if loaded is None else Filling.model_validate_json(loaded.body)

    async def _loaded(self, rows: Iterable[ScoreRow], filling: Filling | None) -> "_Loaded":
        """Every model and every set of rules that rows name; None for those that are not taken any more."""
        models: dict[str, Model | None] = {}
        rules: dict[str, RuleSet | None] = {}
        first = () if filling is None or filling.model is None else (filling.model,)
        named = {name for row in rows for name in (row.model, *row.shadow) if name is not None} | {*first}
        for name in sorted(named):
            try:
                models[name] = await ModelRegistry(self.objects).load(name, self.keys)
            except ModelError:
                models[name] = None
        for version in sorted({row.rules_version for row in rows if row.rules_version is not None}):
            try:
                rules[version] = RuleSet.of(await RuleRegistry(self.objects).load(version))
            except (RuleError, ModelError):
                rules[version] = None
        return _Loaded(models, rules)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Models and rules by their ids."""

    models: dict[str, Model | None]
    rules: dict[str, RuleSet | None]

    def versions(self, named: PinnedVersions) -> Versions:
        champion, challenger, rules = named
        return Versions(
            None if champion is None else self.models[champion],
            None if challenger is None else self.models[challenger],
            None if rules is None else self.rules[rules],
        )
