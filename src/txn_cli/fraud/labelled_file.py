"""The rows of a file as transactions with labels. Card numbers and names stay in here, in memory."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from pydantic_core import from_json

from fraud.observations.reading import observation_of_row
from fraud.training.labelled import Labelled
from ingest.files.source import Source
from ingest.layouts.read_rows import SoundRow
from ingest.layouts.reading_options import Reading

ACCOUNT: Final = "file"
"""The account of rows that no account sent."""


class LabelledFile:
    """A file in one of the layouts; `rejected` counts its damaged rows, once it was read."""

    def __init__(self, name: str, reading: Reading | None = None) -> None:
        self._name, self._reading = name, reading
        self.rejected = 0

    def rows(self) -> Iterator[Labelled]:
        """Its rows in its order, with each card and merchant under an ordinal.

        Raises:
            SourceError: the file is not there, holds no rows, or is damaged.
            LayoutError: the file is in none of the layouts.
        """
        cards, merchants = _Ordinals("card"), _Ordinals("mer")
        with Source.open(self._name, self._reading) as source:
            for row in source.rows():
                if not isinstance(row, SoundRow):
                    self.rejected += 1
                    continue
                body: dict[str, Any] = from_json(row.body)
                card, merchant = cards.of(body["card_number"]), merchants.of(body["merchant"]["name"])
                observation = observation_of_row(body, account=ACCOUNT, card_id=card, merchant_id=merchant)
                yield Labelled(observation, body.get("is_fraud") is True)


class _Ordinals:
    """Names by what they stand for, numbered as they first come."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._names, self._next = prefix, dict[str, str](), count(1)

    def of(self, text: str) -> str:
        if (name := self._names.get(text)) is None:
            name = self._names[text] = f"{self._prefix}_{next(self._next):07d}"
        return name
