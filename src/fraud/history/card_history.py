"""What is kept of a card: columns of its newest purchases, not counters, so that a new feature needs no migration.

A transaction's priors are the purchases that came before it on the stream, of the same account and card, each id
counted once, not later than the transaction itself, and less than 37 days older than the newest. So a record that
comes late counts for what comes after it, and changes no score that was given.

The columns are in the order of time, and of the stream where seconds are equal. Beyond 2,000 purchases the oldest
goes first, of several in its second the one that came last: in whichever order records come, the same ones stay. An
id is remembered as long as its entry.
"""

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Self

from fraud.history.columns import ID_BYTES, LOG_ODDS_MAX, NO_LOG_ODDS, Columns, Place
from fraud.history.packing import fill, packed
from fraud.observations.category_codes import category_code
from fraud.observations.distances import degrees_e4
from fraud.observations.observation import Observation
from fraud.observations.reference_amount import reference_amount

DAY_S: Final = 86_400
HORIZON_S: Final = 37 * DAY_S
ENTRIES_MAX: Final = 2_000
OTHERS_MAX: Final = 200
"""Refunds and reversals whose ids are kept."""
MODELS_MAX: Final = 2
"""Columns of log-odds: the champion's and the challenger's."""


class CardHistory(Columns):
    """The history of one card within one account. One owner changes it."""

    __slots__ = ()

    @classmethod
    def empty(cls) -> Self:
        """The history of a card that was never seen."""
        return cls()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The history that `pack` of any version wrote.

        Raises:
            HistoryError: the bytes are no history.
        """
        history = cls()
        fill(history, data)
        return history

    def pack(self) -> bytes:
        """The history as bytes, which `unpack` of this version and of every later one reads."""
        return packed(self)

    def knows(self, transaction_id: str) -> bool:
        """Whether a record with that id was entered and is still remembered. Errs once in 2**40 entries."""
        digest = _digest(transaction_id)
        return _holds(self.ids, digest) or _holds(self.other_ids, digest)

    def priors(self, occurred_at_s: int) -> int:
        """How many entries from the front are not later than a time in seconds since 1970: the priors of a record."""
        return bisect_right(self.times, occurred_at_s)

    def with_(self, observation: Observation, stage1: Mapping[str, int]) -> None:
        """Enter a record that has been scored, with its log-odds in thousandths by model id. A known id is let be."""
        digest = _digest(observation.transaction_id)
        if _holds(self.ids, digest) or _holds(self.other_ids, digest):
            return
        if observation.is_purchase:
            self._enter(observation, digest, stage1)
        else:
            self._remember(observation.occurred_at_s, digest)

    def _enter(self, observation: Observation, digest: bytes, stage1: Mapping[str, int]) -> None:
        times, at_s = self.times, observation.occurred_at_s
        if times and (at_s <= times[-1] - HORIZON_S or (len(times) == ENTRIES_MAX and at_s <= times[0])):
            return
        if stage1.keys() != self.log_odds.keys():
            self._make_room_for(stage1)
        at = bisect_right(times, at_s)
        times.insert(at, at_s)
        self.amounts.insert(at, reference_amount(observation.amount_minor, observation.currency))
        self.categories.insert(at, category_code(observation.category))
        self.ids[at * ID_BYTES : at * ID_BYTES] = digest
        for model, column in self.log_odds.items():
            value = stage1.get(model)
            column.insert(at, NO_LOG_ODDS if value is None else min(max(value, -LOG_ODDS_MAX), LOG_ODDS_MAX))
        self.purchases_ever += 1
        self.first_seen_s = at_s if self.first_seen_s is None else min(self.first_seen_s, at_s)
        self._note_place(observation, at_s)
        self._prune()

    def _make_room_for(self, stage1: Mapping[str, int]) -> None:
        """Begin columns of new models; of the others the oldest end once there are too many."""
        for model in list(stage1)[:MODELS_MAX]:
            if model not in self.log_odds:
                self.log_odds[model] = array("h", [NO_LOG_ODDS]) * len(self.times)
        for model in [model for model in self.log_odds if model not in stage1]:
            if len(self.log_odds) > MODELS_MAX:
                del self.log_odds[model]

    def _note_place(self, observation: Observation, at_s: int) -> None:
        latitude, longitude = observation.merchant_latitude, observation.merchant_longitude
        if latitude is None or longitude is None:
            return
        if self.last_place is None or at_s >= self.last_place.occurred_at_s:
            self.last_place = Place(at_s, degrees_e4(latitude, 90), degrees_e4(longitude, 180))

    def _prune(self) -> None:
        oldest_s = self.times[-1] - HORIZON_S
        if self.times[0] <= oldest_s:
            self._drop(0, bisect_right(self.times, oldest_s))
        if len(self.times) > ENTRIES_MAX:
            last_of_oldest = bisect_right(self.times, self.times[0]) - 1
            self._drop(last_of_oldest, last_of_oldest + 1)
        if self.other_times and self.other_times[0] <= oldest_s:
            self._forget(0, bisect_right(self.other_times, oldest_s))

    def _drop(self, first: int, end: int) -> None:
        del self.times[first:end]
        del self.amounts[first:end]
        del self.categories[first:end]
        del self.ids[first * ID_BYTES : end * ID_BYTES]
        for column in self.log_odds.values():
            del column[first:end]

    def _remember(self, at_s: int, digest: bytes) -> None:
        if self.times and at_s <= self.times[-1] - HORIZON_S:
            return
        at = bisect_right(self.other_times, at_s)
        self.other_times.insert(at, at_s)
        self.other_ids[at * ID_BYTES : at * ID_BYTES] = digest
        if len(self.other_times) > OTHERS_MAX:
            self._forget(0, 1)

    def _forget(self, first: int, end: int) -> None:
        del self.other_times[first:end]
        del self.other_ids[first * ID_BYTES : end * ID_BYTES]


@lru_cache(1)  # it is asked whether an id is known, and then the id is entered
def _digest(transaction_id: str) -> bytes:
    return blake2b(transaction_id.encode(), digest_size=ID_BYTES).digest()


def _holds(ids: bytearray, digest: bytes) -> bool:
    at = ids.find(digest)
    while at >= 0:
        if at % ID_BYTES == 0:
            return True
        at = ids.find(digest, at + 1)
    return False
