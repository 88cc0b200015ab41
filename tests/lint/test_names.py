"""The rules of naming on samples, and on the code itself."""

import pytest

from tests.lint.__main__ import ROOT, tracked
from tests.lint.names import findings, replaced_names, riddles

BAD = {
    "a class": "class Meters: ...",
    "a private class": "class _Sound: ...",
    "a function": "def patiently() -> None: ...",
    "a coroutine": "async def unless() -> None: ...",
    "a method": "class A:\n    def gets_on(self) -> None: ...",
    "a function within another": "def a() -> None:\n    def judge() -> None: ...",
}
GOOD = {
    "a standard term": "class WorkerMetrics: ...",
    "a word within a longer name": "def run_together() -> None: ...",
    "a call": "patiently()",
    "a variable": "letters = []",
}


@pytest.mark.parametrize("what", BAD)
def test_a_name_of_old_is_found(what: str) -> None:
    assert list(replaced_names(BAD[what], "src/sample.py"))


@pytest.mark.parametrize("what", GOOD)
def test_other_names_are_let_be(what: str) -> None:
    assert list(replaced_names(GOOD[what], "src/sample.py")) == []


@pytest.mark.parametrize("file", ["src/txn_api/passage.py", "tests/txn_api/test_passage.py", "src/wire.py"])
def test_a_module_of_an_old_name_is_found(file: str) -> None:
    assert [finding.line for finding in replaced_names("", file)] == [1]


def test_a_riddle_is_found_with_its_line() -> None:
    (found,) = riddles("A sentence.\nIt is made anew.\n", "docs/sample.md")
    assert (found.line, found.text) == (2, "anew")
    assert str(found) == "docs/sample.md:2: anew: better the noun itself, or a plain word"
    assert list(riddles("renewal, thatof", "docs/sample.md")) == []


def test_our_own_files_keep_the_rules() -> None:
    assert list(map(str, findings([ROOT / file for file in tracked()], ROOT))) == []
