"""The three answers of the demonstration, over published files."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.warehouse.questions.star_schema import Fact, facts, statements
from tests.warehouse.sql.conftest import publish, published  # noqa: F401 - a fixture
from txn_cli.demo.three_answers import show_answers
from txn_cli.terminal import console
from warehouse.questions.catalogue import question_of
from warehouse.sql.asking import ask
from warehouse.sql.bounds import Bounds
from warehouse.sql.duckdb_reader import open_duckdb
from warehouse.sql.reader_roles import Role

BOUNDS = Bounds("100MB", 2, 30.0)


def shown(folder: Path, capsys: pytest.CaptureFixture[str], width: int = 80) -> list[str]:
    with open_duckdb(folder, Role.ANALYST, BOUNDS) as reader:
        show_answers(console(width=width, no_color=True), reader)
    return capsys.readouterr().out.splitlines()


def test_each_answer_has_a_title_and_bars(published: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    lines = shown(published / "warehouse", capsys)
    assert [line for line in lines if "txn sql" in line] == [
        "What regions spend (txn sql q01)",
        "What regions prefer; 100 is the same as everywhere (txn sql q02)",
        "Transactions a day, and growth over the month before (txn sql q09)",
    ]
    assert any(line.startswith("2024-12 ") and line.rstrip("█▏▎▍▌▋▊▉").endswith("  ") for line in lines)


@pytest.mark.parametrize("width", [40, 120])
def test_the_answers_fit_into_the_terminal(
    published: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    width: int,
) -> None:
    lines = [line for line in shown(published / "warehouse", capsys, width) if "txn sql" not in line]
    assert max(map(cell_len, lines)) <= width


def test_sums_are_of_the_cells_that_are_shown(published: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """A month of a region that is hidden is no part of the region's bar."""
    with open_duckdb(published / "warehouse", Role.ANALYST, BOUNDS) as reader:
        answer, hidden = ask(reader, question_of("q01"))
        cells = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    nets: defaultdict[str, list[Any]] = defaultdict(list)
    for cell in cells:
        if cell["currency"] == "USD":
            nets[str(cell["region"])].append(cell["net"])
    [region, *_] = [name for name, values in nets.items() if None in values and any(values)]
    expected = sum(net for net in nets[region] if net is not None)
    assert hidden.rows
    [line] = [line for line in shown(published / "warehouse", capsys) if line.startswith(f"{region} ")]
    assert f" {expected:,.2f} USD" in line


def test_a_lake_of_few_customers_has_no_answer_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few: list[Fact] = facts(3, 1)
    publish(tmp_path / "warehouse.duckdb", *statements(few))
    lines = shown(tmp_path, capsys)
    assert lines.count("no answer yet: too few customers") == 3
