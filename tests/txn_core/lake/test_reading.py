"""The lines of docs/reading.md that read the lake with pyarrow, run as they stand there."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from tests.workers.builders import event, records
from txn_core.lake.columns import table_of
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import parquet_of
from workers.planned.planned_object import object_key, plan_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "reading.md"
MOMENTS = [datetime(2026, 1, day, hour, 59, tzinfo=UTC) for day in (2, 3) for hour in (0, 3, 8, 9, 10, 23)]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lake of two days in the working directory, two rows an hour."""
    for place, moment in enumerate(MOMENTS):
        rows = records(event(), event(), start=10 * place + 1, at=moment)
        path = tmp_path / "lake" / object_key(plan_of(rows))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(parquet_of(table_of(rows)))
    monkeypatch.chdir(tmp_path)


def snippet() -> str:
    """The block of the document that opens the lake with pyarrow."""
    (found,) = [
        block for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if "ds." in block
    ]
    return str(found)


def test_the_documented_lines_select_an_hour_by_date_and_number(lake: None) -> None:
    names: dict[str, Any] = {}
    exec(snippet(), names)
    hour: pa.Table = names["hour"]
    assert (hour.schema.field("dt").type, hour.schema.field("hr").type) == (pa.date32(), pa.int32())
    assert hour.num_rows == 2
    assert set(hour["dt"].to_pylist()) == {date(2026, 1, 2)}
    assert set(hour["hr"].to_pylist()) == {3}
    assert [moment.hour for moment in hour["arrived_at"].to_pylist()] == [3, 3]


def test_only_the_folders_that_are_asked_for_are_read(lake: None) -> None:
    """Compared as a number, which text would not be: nine comes before ten."""
    names: dict[str, Any] = {}
    exec(snippet(), names)
    found = names["lake"].get_fragments(filter=(ds.field("dt") == date(2026, 1, 3)) & (ds.field("hr") >= 9))
    folders = [Path(fragment.path).parent for fragment in found]
    assert folders == [Path(f"lake/{RAW_PREFIX}dt=2026-01-03/hr={hour:02}") for hour in (9, 10, 23)]


def test_undeclared_the_types_are_those_of_the_document(lake: None) -> None:
    undeclared = ds.dataset("lake/raw", format="parquet", partitioning="hive")
    assert (undeclared.schema.field("dt").type, undeclared.schema.field("hr").type) == (pa.string(), pa.int32())
    assert not {"dt", "hr"} & {*ds.dataset("lake/raw", format="parquet").schema.names}
