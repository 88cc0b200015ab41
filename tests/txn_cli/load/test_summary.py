"""The summary: a few rejections in full, all of them in numbers."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from ingest.layouts.rejection import Rejection
from ingest.upload.totals import LoadTotals
from txn_cli.load.summary import REJECTIONS_SHOWN, LoadSummary
from txn_cli.output.meter import Meter

REJECTIONS = [Rejection(line, "amt", "amount_format", "must be decimal") for line in range(2, 40)]
TOTALS = LoadTotals(rejected=38, faults={"dob date_format": 1, "amt amount_format": 38})


def told(rejects: Path | None) -> list[str]:
    output = io.StringIO()
    with Meter("Loading", Console(file=output)) as meter:
        summary = LoadSummary(meter, rejects=rejects)
        summary.progress(LoadTotals(rejected=5), 0.5, REJECTIONS[:5])
        summary.progress(TOTALS, 1.0, REJECTIONS[5:])
        summary.end(TOTALS)
    return output.getvalue().splitlines()


def test_the_first_rejections_are_shown_and_all_are_counted_by_kind() -> None:
    lines = told(rejects=None)
    assert lines[0] == "line 2: amt must be decimal (amount_format)"
    assert len(lines) == REJECTIONS_SHOWN + 3
    assert lines[-3:] == [
        "      38 x amt amount_format", "       1 x dob date_format", "each with its line by --rejects FILE"
    ]  # fmt: skip


def test_none_is_shown_when_they_go_to_a_file() -> None:
    assert told(rejects=Path("out.csv")) == [
        "      38 x amt amount_format", "       1 x dob date_format", "each with its line in out.csv"
    ]  # fmt: skip


def test_a_load_without_rejections_says_nothing_of_them() -> None:
    output = io.StringIO()
    with Meter("Loading", Console(file=output)) as meter:
        LoadSummary(meter, rejects=None).end(LoadTotals(accepted=3))
    assert output.getvalue() == ""


@pytest.mark.parametrize(
    ("layout", "absent", "line"),
    [
        ("kaggle", [], None),
        ("bank", [], "Layout bank"),
        ("kaggle", ["trans_num"], "Layout kaggle, without trans_num"),
        ("bank", list("abcdef"), "Layout bank, without a, b, c, d and 2 more"),
    ],
)
def test_an_unusual_layout_is_told_at_the_beginning(layout: str, absent: list[str], line: str | None) -> None:
    output = io.StringIO()
    with Meter("Loading", Console(file=output)) as meter:
        LoadSummary(meter, rejects=None).begin(layout, absent)
    assert output.getvalue().splitlines() == ([line] if line else [])
