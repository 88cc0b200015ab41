"""Cards in groups, small enough to be folded at once. The ids of one card under several keys stay together."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping


class Families:
    """How many records each card has, and which ids are ids of one card."""

    def __init__(self, cards: Iterable[str]) -> None:
        self._records = Counter[str](dict.fromkeys(cards, 0))
        self._older: dict[str, str] = {}

    @property
    def ids(self) -> set[str]:
        """Every id of a card that is known."""
        return set(self._records)

    def count(self, records: Mapping[str, int]) -> None:
        """Note further records of cards."""
        self._records.update(records)

    def join(self, card: str, older: Iterable[str]) -> None:
        """Note ids that a card had under older keys."""
        for each in older:
            self._records[each] += 0
            newer_end, older_end = self._eldest(card), self._eldest(each)
            if newer_end != older_end:
                self._older[newer_end] = older_end

    def groups(self, records_max: int) -> Iterator[set[str]]:
        """All cards, some at a time: those with so many records together at most, or one card that has more."""
        families = defaultdict[str, set[str]](set)
        for card in sorted(self._records):
            families[self._eldest(card)].add(card)
        group, taken = set[str](), 0
        for family in families.values():
            records = sum(self._records[card] for card in family)
            if group and taken + records > records_max:
                yield group
                group, taken = set(), 0
            group |= family
            taken += records
        if group:
            yield group

    def _eldest(self, card: str) -> str:
        while (older := self._older.get(card)) is not None:
            card = older
        return card
