"""The states of the cards of one shard while its lease is held: in memory packed, in use, and waiting to be stored.

Two shards hold one card at once only where a record landed on a wrong shard during a reshard. Then the stored version
is another one than was seen: the state is read again, and the records that wait are entered into it with the log-odds
that they were given, but for those that it covers. So each record is entered once, `applied` never falls, and a score
once given stays.

A flush freezes what it stores. Later records go on from copies of the frozen states, so that scoring need not wait
for the writes. Where a write finds another version, the copy is made again: of what is stored by then, with the
records that were entered since.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple, Protocol

import structlog

from fraud.history.card_history import CardHistory
from fraud.observations.observation import Observation
from fraud.scoring.card_state import CardState
from txn_core.aws.retry import Retry
from txn_core.concurrency import side_by_side
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.positions import Position

BYTES_MAX: Final = 64 * 1024 * 1024
WRITES_AT_ONCE: Final = 32
_ITEM_BYTES: Final = 500
"""What a state takes beside its history, about."""

_log = structlog.get_logger(__name__)


class CardStates(Protocol):
    """Where states are stored (`txn_core.dynamodb.card_states.CardStateTable`)."""

    async def load(self, keys: Iterable[str]) -> dict[str, StoredCardState]:
        """The states of those keys that have one."""

    async def put(self, key: str, document: CardStateDocument, seen_version: int | None) -> bool:
        """Write a state on condition of the version that was seen; false when it is another by now."""


class Entry(NamedTuple):
    """A scored record: what a history takes of it, and where it stood."""

    observation: Observation
    stage1: Mapping[str, int]
    position: Position


def state_key(account: str, card_id: str) -> str:
    """The key of a card's state."""
    return f"{account}#{card_id}"


def merged(stored: StoredCardState, entries: Sequence[Entry]) -> CardState:
    """A stored state with those entries that it does not cover; one that cannot be read stays without a history."""
    state = CardState.of(stored)
    for entry in entries:
        if state.history is not None and not state.covers(entry.position):
            state.history.with_(entry.observation, entry.stage1)
            state.apply(entry.position)
    return state


@dataclass(slots=True)
class _Epoch:
    """The states between two flushes, by key.

    Attributes:
        live: those in use; None where nothing is stored.
        copied: keys of states that began as copies, in order.
        entries: what was entered and is to be stored.
        packed: what is stored of a state, once it is frozen and was asked for.
    """

    live: dict[str, CardState | None] = field(default_factory=dict)
    copied: list[str] = field(default_factory=list)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    packed: dict[str, CardStateDocument] = field(default_factory=dict)

    def document(self, key: str) -> CardStateDocument:
        """What is stored of a state that is frozen and known."""
        if (document := self.packed.get(key)) is None:
            if (state := self.live[key]) is None:
                raise KeyError(key)
            document = self.packed[key] = state.document
        return document

    def copy_of(self, key: str) -> CardState | None:
        """A frozen state for further use; itself where it is not to be stored."""
        state = self.live[key]
        if state is None or state.history is None or key not in self.entries:
            return state
        return CardState(CardHistory.unpack(self.document(key).history), dict(state.applied), state.version)


class StateMemory:
    """The states of one shard's cards.

    To be used in this order: `load` what a batch needs, then for each record `state` and `enter`. A flush is `freeze`
    and `store_frozen`, which stores everything that was entered before, so that all of it has to be in the flush's
    object. Between the two, and while the latter is on its way, further batches may be loaded and entered.

    Attributes:
        conflicts: how often somebody else had changed a state meanwhile.
        unreadable: how often a stored state was no state; its item is left as it is.
    """

    def __init__(self, table: CardStates, retry: Retry, bytes_max: int = BYTES_MAX) -> None:
        self._table, self._retry, self._bytes_max = table, retry, bytes_max
        self._packed = OrderedDict[str, StoredCardState]()
        self._bytes = 0
        self._now = _Epoch()
        self._frozen: _Epoch | None = None
        self.conflicts = self.unreadable = 0

    @property
    def pending(self) -> int:
        """How many states wait to be stored."""
        return len(self._now.entries) + (0 if self._frozen is None else len(self._frozen.entries))

    async def load(self, observations: Iterable[Observation]) -> None:
        """Have the states of these records' cards at hand, and of those without one the states of their aliases."""
        cards = {state_key(each.account, each.card_id): each for each in observations}
        await self._load(cards)
        await self._load(
            state_key(each.account, alias)
            for key, each in cards.items()
            if self._now.live[key] is None
            for alias in each.card_aliases
        )

    def state(self, observation: Observation) -> CardState:
        """The state of a record's card, which was loaded. A card that came under an older key has its state copied.

        Raises:
            KeyError: it was not loaded since the last flush.
        """
        return self._at(state_key(observation.account, observation.card_id), observation)

    def enter(self, observation: Observation, stage1: Mapping[str, int], position: Position) -> None:
        """Enter a record that was scored. Into a history that is not known nothing is entered."""
        key = state_key(observation.account, observation.card_id)
        state = self._at(key, observation)
        if state.history is None:
            return
        state.history.with_(observation, stage1)
        state.apply(position)
        self._now.entries.setdefault(key, []).append(Entry(observation, stage1, position))

    def freeze(self) -> None:
        """Let what was entered so far be what `store_frozen` stores.

        Raises:
            RuntimeError: what was frozen before is not stored.
        """
        if self._frozen is not None:
            raise RuntimeError("one flush at a time")
        self._frozen, self._now = self._now, _Epoch()

    async def store_frozen(self) -> None:
        """Store every state that was changed before `freeze`. What was entered by then is durable on return."""
        if (frozen := self._frozen) is None:
            raise RuntimeError("nothing is frozen")
        # A copy goes before the state that it was made of: whoever makes it once more finds that one as it was.
        for key in reversed(frozen.copied):
            if key in frozen.entries:
                await self._store(frozen, key)
        await side_by_side(list(frozen.entries), partial(self._store, frozen), workers=WRITES_AT_ONCE)
        self._frozen = None

    async def store_all(self) -> None:
        """Freeze and store."""
        self.freeze()
        await self.store_frozen()

    def abandon(self) -> None:
        """Forget everything: somebody else may change the states from now on."""
        self._now, self._frozen = _Epoch(), None
        self._packed.clear()
        self._bytes = 0

    async def _load(self, keys: Iterable[str]) -> None:
        live, frozen, missing = self._now.live, self._frozen, list[str]()
        for key in dict.fromkeys(keys):
            if key in live:
                continue
            if frozen is not None and key in frozen.live:
                live[key] = frozen.copy_of(key)
            elif (stored := self._packed.get(key)) is not None:
                live[key] = self._unpacked(key, stored)
            else:
                missing.append(key)
        found = await self._retry("card states", partial(self._table.load, missing)) if missing else {}
        for key in missing:
            stored = found.get(key)
            live[key] = None if stored is None else self._unpacked(key, stored)
        for key, stored in found.items():
            self._keep(key, stored)

    def _at(self, key: str, observation: Observation) -> CardState:
        if (state := self._now.live[key]) is None:
            state = self._now.live[key] = self._begun(key, observation)
        return state

    def _begun(self, key: str, observation: Observation) -> CardState:
        aliases = (state_key(observation.account, alias) for alias in observation.card_aliases)
        known = next((state for alias in aliases if (state := self._now.live.get(alias)) is not None), None)
        if known is None:
            return CardState()
        self._now.copied.append(key)
        history = None if known.history is None else CardHistory.unpack(known.history.pack())
        return CardState(history, dict(known.applied))

    def _unpacked(self, key: str, stored: StoredCardState) -> CardState:
        if (state := CardState.of(stored)).history is None:
            self._note_unreadable(key)
        return state

    async def _store(self, frozen: _Epoch, key: str) -> None:
        state, entries = frozen.live[key], frozen.entries[key]
        if state is None:
            raise KeyError(key)
        document, seen = frozen.document(key), state.version
        while not await self._retry("card state", partial(self._table.put, key, document, seen)):
            stored = (await self._retry("card state", partial(self._table.load, [key]))).get(key)
            if stored is None:  # somebody has deleted it
                seen = None
                continue
            state, seen = merged(stored, entries), stored.version
            if state.history is None:
                self._note_unreadable(key)
            elif (
                state.applied != CardState.of(stored).applied
            ):  # or else it is our own write, whose answer was lost, or a successor's
                self.conflicts += 1
                document = state.document
                continue
            self._settle(frozen, key, stored)
            return
        self._settle(frozen, key, StoredCardState(document, 0 if seen is None else seen + 1))

    def _settle(self, frozen: _Epoch, key: str, stored: StoredCardState) -> None:
        """Go on from what is stored of a frozen state by now, here and in what came after it."""
        self._keep(key, stored)
        is_ours = stored.document is frozen.packed[key]
        del frozen.entries[key]
        for epoch in (frozen, self._now):
            if (state := epoch.live.get(key)) is None:
                continue
            if is_ours:
                state.version = stored.version
                continue
            state = epoch.live[key] = merged(stored, epoch.entries.get(key, ()))
            if state.history is None:
                epoch.entries.pop(key, None)

    def _keep(self, key: str, stored: StoredCardState) -> None:
        """Keep a stored state; of too many those go that were not used for longest."""
        if (before := self._packed.pop(key, None)) is not None:
            self._bytes -= _bytes_of(before)
        self._packed[key] = stored
        self._bytes += _bytes_of(stored)
        while self._bytes > self._bytes_max:
            _, gone = self._packed.popitem(last=False)
            self._bytes -= _bytes_of(gone)

    def _note_unreadable(self, key: str) -> None:
        self.unreadable += 1
        _log.error("card_state_unreadable", card=key)


def _bytes_of(stored: StoredCardState) -> int:
    return len(stored.document.history) + _ITEM_BYTES
