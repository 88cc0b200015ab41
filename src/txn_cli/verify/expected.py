"""The rows that are still to be found in the lake, in about 400 bytes each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from txn_cli.verify.statement import Statement


@dataclass(slots=True)
class Expected:
    """Statements by their digests, and what the lake has shown of their ids.

    `positions` maps each id of the file to the first stream position that was seen with it; `repeated` holds the
    ids that stand at more than one.
    """

    statements: dict[int, Statement] = field(default_factory=dict)
    positions: dict[str, int | None] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    def add(self, statement: Statement) -> None:
        """Expect a row."""
        self.statements[statement.digest] = statement
        self.positions[statement.transaction_id] = None

    def saw(self, transaction_id: str, position: int) -> None:
        """Note that an id of the file stands at a position of the stream."""
        first = self.positions[transaction_id]
        if first is None:
            self.positions[transaction_id] = position
        elif first != position:
            self.repeated.add(transaction_id)

    def found(self, statement: Statement) -> None:
        """Expect a row no longer."""
        del self.statements[statement.digest]

    def missing(self) -> Iterable[Statement]:
        """What was not found."""
        return self.statements.values()
