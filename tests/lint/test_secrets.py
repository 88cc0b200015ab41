"""The search for secrets finds some, and holds its exceptions to their number."""

from pathlib import Path

import pytest

from tests.lint.secrets import ALLOWED, ROOT, Find, complaints, files, finds_in


@pytest.mark.parametrize(
    "line",
    [
        "aws = 'AK" + "IA" + "QWERTYUIOPASDFGH'",
        "api_key = '" + "zK9qLw3T" + "x8Vb2Nn5'",
        "url = 'https://admin:" + "hunter22x@host.example/'",
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "digest = '" + "9f86d08" + "1884c7d6" + "59a2feaa" + "0c55ad015'",
    ],
)
def test_a_secret_in_a_file_is_found(line: str, tmp_path: Path) -> None:
    """Whatever kind it is of."""
    file = tmp_path / "settings.py"
    file.write_text(f"x = 1\n{line}\n")
    assert {find.line for find in finds_in([file])} == {2}


def test_another_find_in_a_file_with_exceptions_is_told() -> None:
    """And so is an exception that is not needed any more."""
    allowed = {("a.py", "Secret Keyword"): (1, "made up")}
    assert list(complaints([Find("a.py", "Secret Keyword", 3)], allowed)) == []
    (told,) = complaints([Find("a.py", "Secret Keyword", 3), Find("a.py", "Secret Keyword", 9)], allowed)
    assert "lines [3, 9]" in told
    assert len(list(complaints([], allowed))) == 1
    assert len(list(complaints([Find("b.py", "Private Key", 1)], {}))) == 1


def test_our_files_are_searched_and_every_exception_is_of_one() -> None:
    """Code, documents, settings; a file that is gone takes its exceptions with it."""
    names = {file.relative_to(ROOT).as_posix() for file in files(ROOT)}
    assert {"Makefile", "README.md", "pyproject.toml", "src/txn_core/card_numbers/pan.py", ".ci/run"} <= names
    assert {file for file, _ in ALLOWED} <= names
