"""`txn sql` as it is typed, over published files."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.warehouse.sql.conftest import published  # noqa: F401 - a fixture
from txn_cli.answers import answer_table
from txn_cli.main import app_of
from txn_core.exceptions import TxnError
from warehouse.questions.catalogue import questions

ENDLESS = "with recursive x as (select 1 as a union all select a + 1 from x) select max(a) from x"


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None


@pytest.fixture
def data_dir(published: Path, own_environment: pytest.MonkeyPatch) -> Path:  # noqa: F811
    return published


def txn(*arguments: object) -> Result:
    result = CliRunner().invoke(app_of("sql"), ["sql", *map(str, arguments)])
    return Result(result.exit_code, result.stdout, result.stderr, result.exception)


def test_without_a_query_the_questions_are_listed(own_environment: pytest.MonkeyPatch) -> None:
    result = txn()
    assert result.code == 0
    assert all(f"{question.name}   {question.title}" in result.out for question in questions())


def test_a_question_is_shown_with_its_title_and_small_cells_are_counted(data_dir: Path) -> None:
    result = txn("q11", "--data-dir", data_dir)
    assert result.out.startswith("Cohort retention. Of the customers who began in a month")
    assert "2024-11-01" in result.out
    assert "cells are empty: those of 1 to 4 customers" in result.err


def test_amounts_have_the_decimals_of_their_currency(data_dir: Path) -> None:
    lines = txn("q09", "--data-dir", data_dir).out.splitlines()
    shown = [cells for line in lines if line.startswith("202") and len(cells := line.split()) > 5]
    by_currency = {cells[1]: cells[5] for cells in shown}
    assert {currency: len(amount.partition(".")[2]) for currency, amount in by_currency.items()} == {
        "JPY": 0,
        "KWD": 3,
        "USD": 2,
    }


@pytest.mark.parametrize("name", ["q04", "q11"])
def test_no_format_tells_of_few_customers(data_dir: Path, tmp_path: Path, name: str) -> None:
    written = list(csv.DictReader(io.StringIO(txn(name, "--data-dir", data_dir, "--format", "csv").out)))
    document = json.loads(txn(name, "--data-dir", data_dir, "--format", "json").out)
    assert txn(name, "--data-dir", data_dir, "--output", tmp_path / "a.parquet").code == 0
    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    for column in ("customers", "cohort_customers"):
        if column in table[0]:
            counts = [row[column] for row in document]
            assert [row[column] for row in table] == counts
            assert [row[column] for row in written] == ["" if count is None else str(count) for count in counts]
            assert set(counts).isdisjoint({1, 2, 3, 4})


def test_what_is_written_to_a_file_is_what_is_printed(data_dir: Path, tmp_path: Path) -> None:
    printed = txn("q01", "--data-dir", data_dir, "--format", "csv").out
    txn("q01", "--data-dir", data_dir, "--output", tmp_path / "answer.CSV")
    assert (tmp_path / "answer.CSV").read_text() == printed
    assert [file.name for file in tmp_path.iterdir()] == ["answer.CSV"]


def test_a_file_stays_what_it_was_when_the_query_fails(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.csv"
    file.write_text("old")
    failing = "select cast(case when range = 150000 then 'x' else '1' end as integer) from range(200000)"
    result = txn(failing, "--data-dir", data_dir, "--output", file)
    assert isinstance(result.error, TxnError)
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["answer.csv"]


@pytest.mark.parametrize("place", ["/dev/null", "nowhere/answer.csv"])
def test_a_place_that_cannot_take_a_file_is_refused_with_the_remedy(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = txn("q01", "--data-dir", data_dir, "--format", "csv", "--output", place)
    assert isinstance(result.error, TxnError)
    assert "name another for --output" in str(result.error)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--format", "parquet"),
        ("--output", "answer"),
        ("--output", "answer.txt"),
        ("--format", "table", "--output", "answer.csv"),
        ("--format", "xml"),
        ("--role", "loader"),
        ("--target", "oracle"),
        ("--timeout", "0"),
        ("--timeout", "nan"),
    ],
)
def test_wrong_options_end_with_2(data_dir: Path, wrong: tuple[str, ...]) -> None:
    assert txn("q01", "--data-dir", data_dir, *wrong).code == 2


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q13", "there is no question q13: `txn sql` lists them"),
        ("select * from star.dim_customer", "star.dim_customer is for stewards (--role steward): ask star."),
        ("drop table star.dim_date", "one SELECT at a time"),
    ],
)
def test_a_refusal_is_one_line_and_ends_with_1(data_dir: Path, query: str, said: str) -> None:
    result = txn(query, "--data-dir", data_dir)
    assert result.code == 1
    assert str(result.error).startswith(said)
    assert "\n" not in str(result.error)


def test_a_steward_sees_the_dimension(data_dir: Path) -> None:
    assert "astronaut" in txn("select job from star.dim_customer", "--data-dir", data_dir, "--role", "steward").out


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_nothing_printed_is_obeyed_by_a_terminal(data_dir: Path, form: str) -> None:
    query = 'select name as "\x1b]0;x\x07" from star.dim_merchant order by merchant_id'
    result = txn(query, "--data-dir", data_dir, "--format", form)
    assert result.code == 0
    assert "O'Keefe" in result.out
    assert not {"\x1b", "\x07", "\u202e"} & set(result.out)


def test_a_table_is_bounded_in_rows_and_in_the_width_of_a_cell(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_table, "ROWS_MAX", 3)
    result = txn("select range as n, repeat('x', 100000) as x from range(4)", "--data-dir", data_dir)
    assert len(result.out) < 4_000
    assert result.err.endswith("These are the first 3 rows: --format csv writes all\n")
    assert "3" not in result.out


@pytest.mark.skipif(sys.platform != "linux", reason="the work of a process is read from /proc")
def test_ctrl_c_ends_a_query_that_runs(data_dir: Path) -> None:
    command = [sys.executable, "-m", "txn_cli.main", "sql", ENDLESS, "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the target
        begun = cpu_s(process.pid)
        while cpu_s(process.pid) < begun + 0.3:  # longer than what is opened takes
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"txn: interrupted\n")


def cpu_s(pid: int) -> float:
    """Processor time that a process has taken (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
