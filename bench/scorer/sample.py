"""The sample file, where it is there, or one like it: all rows of some of its cards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic_core import from_json

from ingest.files.source import Source
from ingest.layouts.read_rows import SoundRow

SAMPLE: Final = Path(__file__).parents[3] / "shared" / "data" / "kaggle_like_dev.csv.gz"


def sample_bodies(file: Path = SAMPLE, *, one_card_in: int = 1) -> Iterator[bytes]:
    """Request bodies of every row of every nth card, in the order of time.

    Raises:
        SourceError: the file is not there.
    """
    taken: dict[str, bool] = {}
    with Source.open(str(file)) as source:
        for row in source.rows():
            if isinstance(row, SoundRow):
                card = from_json(row.body)["card_number"]
                if taken.setdefault(card, len(taken) % one_card_in == 0):
                    yield row.body
