"""The rows that a demonstration loads, and which card and merchant are worth looking up afterwards."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from ingest.files.source import Source
from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import Row, SoundRow
from txn_cli.demo.demo_size import SIMULATED_ROWS
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

SIMULATED_CARDS = 100
SEED = 1
TALLIED_ROWS_MAX = 10_000


@contextmanager
def demo_rows(file: Path | None, rows: int | None) -> Iterator[tuple[Iterator[Row], int | None]]:
    """The first rows of a file, or all of them, or simulated ones; and how many they are, if that is known.

    Simulated rows pass through a file that has no name and is gone with the process.
    """
    if file is not None:
        with Source.open(str(file)) as source:
            yield source.rows(rows), rows
        return
    count = SIMULATED_ROWS if rows is None else rows
    with TemporaryFile() as made:
        text = io.TextIOWrapper(made, encoding="utf-8", newline="")
        write_rows(simulate_rows(rows=count, cards=SIMULATED_CARDS, seed=SEED), text)
        text.flush()
        made.seek(0)
        yield read_rows(made), count


@dataclass(slots=True)
class Tally:
    """Counts cards and merchants of the first rows that pass. Card numbers stay in here, in memory."""

    cards: Counter[str] = field(default_factory=Counter, repr=False)
    merchants: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def of(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The same rows, counted."""
        for row in rows:
            if isinstance(row, SoundRow) and self.rows < TALLIED_ROWS_MAX:
                self._count(row)
            yield row

    def _count(self, row: SoundRow) -> None:
        document = json.loads(row.body)
        self.rows += 1
        self.cards[document["card_number"]] += 1
        self.merchants[document["merchant"]["name"]] += 1

    def busiest(self) -> tuple[str, str]:
        """The number of the card with most rows, and the name of the merchant with most."""
        return self.cards.most_common(1)[0][0], self.merchants.most_common(1)[0][0]
