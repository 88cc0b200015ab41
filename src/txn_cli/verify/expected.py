"""The rows that must be stored, and what the lake has shown of them, in about 100 bytes each."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from txn_cli.verify.numbered_ids import NumberedIds
from txn_cli.verify.statement import Statement
from txn_core.transactions.instants import Instant

_SEEN: Final = 1  # the row's id stands in the lake
_REPEATED: Final = 2  # at more than one position
_FOUND: Final = 4  # the row's content does, too


@dataclass(slots=True)
class CardRows:
    """The rows of one card, by their numbers, and the times between which they lie."""

    card: str
    first: Instant
    last: Instant
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))


class Expected:
    """Statements by the number of their row, from 0 on. A file may hold an id more than once."""

    def __init__(self, forms: int = 0) -> None:
        """Take how many tables of a warehouse there are to be compared, each of which takes 8 bytes a row more."""
        self.lines, self.digests = array("Q"), array("Q")
        self.of_forms = [array("Q") for _ in range(forms)]
        self.ids = NumberedIds()
        self.cards: list[CardRows] = []
        self._card_of = array("Q")
        self._numbers: dict[str, int] = {}  # of cards
        self._position = array("Q")
        self._flags = bytearray()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, statement: Statement) -> None:
        """Expect a row."""
        number = len(self.ids)
        self.ids.add(statement.transaction_id)
        self.lines.append(statement.line)
        self.digests.append(statement.digest)
        for digests, digest in zip(self.of_forms, statement.of_forms, strict=True):
            digests.append(digest)
        self._position.append(0)
        self._flags.append(0)
        self._add_to_card(number, statement)

    def _add_to_card(self, number: int, statement: Statement) -> None:
        at = statement.occurred_at
        of_card = self._numbers.setdefault(statement.card, len(self.cards))
        self._card_of.append(of_card)
        if of_card == len(self.cards):
            self.cards.append(CardRows(statement.card, at, at))
        rows = self.cards[of_card]
        rows.first, rows.last = min(rows.first, at), max(rows.last, at)
        rows.numbers.append(number)

    def card(self, number: int) -> str:
        """The name of a row's card."""
        return self.cards[self._card_of[number]].card

    def rows_with(self, transaction_id: str) -> Sequence[int]:
        """The rows that have an id, the first one first."""
        return self.ids.numbers_of(transaction_id)

    def saw(self, number: int, position: int) -> None:
        """Note that the id of a row, the first that has it, stands at a position of the stream."""
        if not self._flags[number] & _SEEN:
            self._flags[number] |= _SEEN
            self._position[number] = position
        elif self._position[number] != position:
            self._flags[number] |= _REPEATED

    def found(self, number: int) -> None:
        """Expect a row no longer."""
        self._flags[number] |= _FOUND

    def missing(self) -> Iterator[int]:
        """The rows that were not found."""
        return (number for number, flags in enumerate(self._flags) if not flags & _FOUND)

    def repeated(self) -> int:
        """How many ids stand at more than one position."""
        return sum(1 for flags in self._flags if flags & _REPEATED)
