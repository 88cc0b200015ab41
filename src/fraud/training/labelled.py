"""Transactions whose labels are known, by card, and the same cards with ordinary purchases beside their frauds."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fraud.observations.observation import Observation

DAY_S: Final = 86_400
_MICROSECONDS_A_DAY: Final = DAY_S * 1_000_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """A transaction and its label, which no feature sees."""

    observation: Observation
    is_fraud: bool

    @property
    def at_s(self) -> int:
        """When it happened: seconds since 1970-01-01 UTC."""
        return self.observation.occurred_at_s

    @property
    def day(self) -> int:
        """Days since 1970-01-01 UTC."""
        return self.observation.occurred_at_s // DAY_S


Cards = Mapping[str, Sequence[Labelled]]
"""The transactions of each card, in the order of the stream."""


def by_card(rows: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    """The transactions by card, in the order of the stream; of an id that comes again the first one."""
    cards: dict[str, list[Labelled]] = {}
    known: set[tuple[str, str]] = set()
    for row in rows:
        observation = row.observation
        name = observation.account, observation.transaction_id
        if name not in known:
            known.add(name)
            cards.setdefault(f"{observation.account}#{observation.card_id}", []).append(row)
    return cards


def with_fraud(cards: Cards) -> list[str]:
    """The cards that had fraud, in order."""
    return sorted(card for card, rows in cards.items() if any(row.is_fraud for row in rows))


def mixed(card: str, rows: Sequence[Labelled], seed: int) -> list[Labelled]:
    """The card's transactions with ordinary purchases in its days of fraud: copies of a day without fraud.

    Simulators make each transaction of a fraudulent day fraud. Real thieves and holders buy on the same day, and a
    model that never saw this takes the day for the fraud.
    """
    # Of the methods of `Random`, `random` alone stays the same over Python versions.
    rng = random.Random(f"txn-mixture/{seed}/{card}")  # noqa: S311 - reproducible, not secret
    days = sorted({row.day for row in rows if row.is_fraud})
    ordinary: dict[int, list[Labelled]] = {}
    for row in rows:
        if row.day not in days and row.observation.is_purchase:
            ordinary.setdefault(row.day, []).append(row)
    if not ordinary:
        return list(rows)
    names = sorted(ordinary)
    copies = [_moved(row, day - row.day) for day in days for row in ordinary[names[int(rng.random() * len(names))]]]
    return sorted((*rows, *copies), key=lambda row: row.observation.occurred_at_us)


def _moved(row: Labelled, days: int) -> Labelled:
    observation = row.observation
    return Labelled(
        replace(
            observation,
            transaction_id=f"{observation.transaction_id}+{days}",
            occurred_at_us=observation.occurred_at_us + days * _MICROSECONDS_A_DAY,
        ),
        is_fraud=False,
    )
