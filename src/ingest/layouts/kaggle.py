"""The Kaggle layout (`kartik2112/fraud-detection`, `fraudTrain.csv`), which the simulator writes and demos read."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from ingest.files.table import read_table
from ingest.layouts.read_rows import Row
from ingest.layouts.reading_options import Reading

COLUMNS: Final = (
    "", "trans_date_trans_time", "cc_num", "merchant", "category", "amt", "first", "last", "gender", "street",
    "city", "state", "zip", "lat", "long", "city_pop", "job", "dob", "trans_num", "unix_time", "merch_lat",
    "merch_long", "is_fraud",
)  # fmt: skip
MERCHANT_ARTEFACT: Final = "fraud_"


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """Every row of a plain CSV file in the Kaggle layout, in the file's order and with bounded memory.

    Raises:
        SourceError: the file holds no text.
        LayoutError: the file is not in the layout.
    """
    return read_table(file, Reading.of(layout="kaggle"))
