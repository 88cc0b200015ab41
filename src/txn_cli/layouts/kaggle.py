"""The Kaggle layout (`kartik2112/fraud-detection`, `fraudTrain.csv`), which the simulator writes and demos read."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from txn_cli.layouts import Reading, layout_named
from txn_cli.layouts.header import Header
from txn_cli.layouts.read_rows import Row
from txn_cli.layouts.reader import RowReader
from txn_cli.output.table import read_table

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


def parse_row(cells: Mapping[str, str], *, line: int) -> Row:
    """One row, given its cells by column, as a request body or as its faults."""
    reader = RowReader(layout_named("kaggle"), Header(COLUMNS))
    return reader.row(line, [cells[column] for column in COLUMNS])
