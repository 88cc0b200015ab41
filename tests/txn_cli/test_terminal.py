"""Whatever is shown, a terminal is told nothing but text."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tests.txn_cli.stack.told_children import Told
from tests.txn_cli.stack.upheld import in_process
from txn_cli.dead_letters.letter_content import shown
from txn_cli.output.meter import Meter
from txn_cli.terminal import console, say, say_document

HOSTILE = "a\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\r\u202eb\u2028c[bold red]d[/] :skull: [link=http://x]e[/link]\x7f"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
"""What rich itself sends: colours, and movements of the cursor."""


def test_a_line_stays_one_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    """On either stream."""
    say(HOSTILE, "b\nc")
    say(HOSTILE, error=True)
    say("d", "e\x1b")
    printed = capsys.readouterr()
    for text, lines in ((printed.out, 4), (printed.err, 1)):
        assert not CONTROLS.search(text)
        assert text.count("\n") == lines
    assert "[bold red]d[/] :skull: [link=http://x]e[/link]" in printed.out
    assert "b\\nc\nd\ne\\x1b\n" in printed.out


def test_a_document_is_printable_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, and says what it said."""
    document = {HOSTILE: [HOSTILE, {"x": HOSTILE}]}
    say_document(document)
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert printed.rstrip("\n").isprintable()
    assert json.loads(printed) == document


@pytest.mark.parametrize("colours", [False, True])
def test_tables_texts_and_bars_hold_text_alone(*, colours: bool) -> None:
    """Titles, headers, cells, captions, styled texts, what is nested, and what is kept up to date."""
    output = io.StringIO()
    screen = console(file=output, width=400, force_terminal=colours)
    table = Table(title=HOSTILE, caption=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(HOSTILE, style="red"))
    inner = Table.grid()
    inner.add_row(HOSTILE)
    table.add_row(inner)
    screen.print(table)
    screen.print(HOSTILE)
    screen.print(Group(HOSTILE, Panel(HOSTILE)))
    screen.print(Text("linked", style="link http://x"))
    with Live(console=screen, auto_refresh=False) as live:
        live.update(Group(HOSTILE), refresh=True)
        screen.print(HOSTILE)
    with screen.status(Text(HOSTILE)):
        pass
    text = OURS.sub("", output.getvalue())
    assert not CONTROLS.search(text)
    assert "]52;" in text  # it is shown, as text
    assert "\x1b]" not in output.getvalue()
    assert "💀" not in text
    assert text.count("[bold red]d[/]") >= 7


def test_a_table_of_hostile_cells_keeps_its_columns() -> None:
    """Each row stays one line."""
    output = io.StringIO()
    table = Table(box=None)
    table.add_column("a")
    table.add_column("b")
    for cell in ("x", "\x1b[31mx", "x\r"):
        table.add_row(cell, "end")
    console(file=output, width=60).print(table)
    assert [line.split()[-1] for line in output.getvalue().splitlines()] == ["b", "end", "end", "end"]


def test_a_meter_shows_text_alone() -> None:
    """Its lines and the note on its bar, on a terminal and elsewhere, and on any console."""
    for terminal in (False, True):
        output = io.StringIO()
        with Meter("Loading", console(file=output, width=400, force_terminal=terminal)) as meter:
            meter.show(0.5, HOSTILE)
            meter.say(HOSTILE)
        assert not CONTROLS.search(OURS.sub("", output.getvalue()))


def test_a_narrator_tells_text_alone() -> None:
    """What a child said last, say."""
    told = Told()
    narrator = told.narrator
    narrator.say(HOSTILE)
    narrator.warn(HOSTILE)
    narrator.links({"API": HOSTILE})
    with narrator.step(HOSTILE):
        pass
    assert not CONTROLS.search(told.text)


def test_an_opened_letter_is_text() -> None:
    """Its lines stay."""
    text = shown(b"\x1b[2Ja\nb\xe2\x80\xa8\xff\xc2\x9b", raw=True)
    assert text == "\\x1b[2Ja\nb\\u2028\\xff\\x9b"


OF_OURS = ["load", "none\x1b]52;c;aGk=\x07\u202e.csv", "--url", "http://127.0.0.1:1", "--api-key", "x"]
OF_THE_FRAMEWORK = ["load", "none.csv", "another\x1b[2J\u202e.csv"]


@pytest.mark.parametrize("arguments", [OF_OURS, OF_THE_FRAMEWORK])
def test_a_wrong_command_line_is_quoted_as_text(arguments: list[str], tmp_path: Path) -> None:
    """`txn load *.csv` names files that others have named."""
    ended = subprocess.run(
        [sys.executable, "-m", "txn_cli.main", *arguments],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200", "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert ended.returncode in {1, 2}
    said = ended.stdout.decode() + ended.stderr.decode()
    assert "x1b" in said
    assert not CONTROLS.search(said)


@pytest.mark.parametrize(
    "arguments",
    [
        OF_OURS,
        OF_THE_FRAMEWORK,
        ["load", "none.csv", "--li\x1b[2Jmit", "1"],
        ["load", "none.csv", "--limit", "\x1b[2J"],
        ["no\x1b[2Jsuch"],
        ["--no\x1b[2Jsuch"],
    ],
)
def test_each_part_of_a_command_line_is_quoted_as_text(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: one of its own takes a CPU second for its imports."""
    monkeypatch.chdir(tmp_path)
    ended = in_process(*arguments, COLUMNS="200")
    assert ended.returncode in {1, 2}
    said = ended.stdout + ended.stderr
    assert "x1b" in said or "--limit" in arguments  # whose value is not quoted
    assert said
    assert not CONTROLS.search(said)
