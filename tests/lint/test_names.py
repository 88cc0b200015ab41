"""The rules of naming on samples, and on the code itself."""

from pathlib import Path

import pytest

from tests.lint.__main__ import ROOT, tracked
from tests.lint.names import findings, replaced_names, replaced_paths, riddles

BAD = {
    "a class": "class Meters: ...",
    "a private class": "class _Sound: ...",
    "a function": "def patiently() -> None: ...",
    "a coroutine": "async def unless() -> None: ...",
    "a method": "class A:\n    def gets_on(self) -> None: ...",
    "a function within another": "def a() -> None:\n    def judge() -> None: ...",
    "a type by another name": "Answer = dict[str, str]",
    "a private type, annotated": "_Run: TypeAlias = int",
    "a class that is imported": "from queues import Batch as Stretch",
    "a module that is imported": "def a() -> None:\n    from workers import metrics as meters",
}
GOOD = {
    "a standard term": "class WorkerMetrics: ...",
    "a word within a longer name": "def run_together() -> None: ...",
    "a call": "patiently()",
    "a variable": "letters = []",
    "a constant": "POSTS = LIMITS = 7",
    "a variable of a function": "def a() -> None:\n    Run = 7",
    "a module that is imported as it is called": "import wire",
}


@pytest.mark.parametrize("what", BAD)
def test_a_name_of_old_is_found(what: str) -> None:
    assert list(replaced_names(BAD[what], "src/sample.py"))


@pytest.mark.parametrize("what", GOOD)
def test_other_names_are_let_be(what: str) -> None:
    assert list(replaced_names(GOOD[what], "src/sample.py")) == []


@pytest.mark.parametrize(
    "file",
    [
        *("src/txn_api/passage.py", "tests/txn_api/test_passage.py", "src/wire.py", "src/txn_api/page/passage.js"),
        *("src/workers/letters/__init__.py", "tests/workers/letters/reading/test_lease.py"),
    ],
)
def test_a_module_or_folder_of_an_old_name_is_found(file: str) -> None:
    assert [finding.line for finding in replaced_paths(file)] == [1]


def test_other_modules_and_folders_are_let_be() -> None:
    assert list(replaced_paths("src/workers/dead_letters/wired.py")) == []


def test_a_riddle_is_found_with_its_line() -> None:
    (found,) = riddles("A sentence.\nIt is made anew.\n", "docs/sample.md")
    assert (found.line, found.text) == (2, "anew")
    assert str(found) == "docs/sample.md:2: anew: better the noun itself, or a plain word"
    assert list(riddles("renewal, thatof", "docs/sample.md")) == []


@pytest.mark.parametrize("text", ["# a name, and that\n    # of another", "// it gets\n// on", "-- that\n-- of it"])
def test_a_riddle_is_found_over_two_lines_of_a_comment(text: str) -> None:
    assert [finding.line for finding in riddles(text, "sample")] == [1]


@pytest.mark.parametrize("name", ["a.sql", "b.yml", "c.json", "d.in", "e.svg", "f.java"])
def test_every_kind_of_text_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("made anew")
    assert [finding.file for finding in findings([tmp_path / name], tmp_path)] == [name]


def test_our_own_files_keep_the_rules() -> None:
    assert list(map(str, findings([ROOT / file for file in tracked()], ROOT))) == []
