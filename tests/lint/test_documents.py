"""Our documents and help texts, held to the rules of `documents`; and the rules on samples."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.lint.documents import (
    DECISIONS,
    DELIVERY,
    DOCUMENTS,
    PROMISE,
    RIDDLES,
    ROOT,
    anchors_of,
    dead_links,
    missing_modules,
    texts_of_code,
    unlinked_promises,
)
from txn_cli.main import app_of

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


@each_document
def test_every_link_leads_to_a_file_and_an_anchor(document: Path) -> None:
    assert list(dead_links(document)) == []


@each_document
def test_every_promise_that_is_cited_links_to_its_definition(document: Path) -> None:
    assert list(unlinked_promises(document)) == []


@each_document
def test_every_module_that_is_named_exists(document: Path) -> None:
    assert list(missing_modules(document)) == []


@each_document
def test_a_document_has_none_of_the_words_that_read_like_riddles(document: Path) -> None:
    assert RIDDLES.findall(document.read_text(encoding="utf-8")) == []


def test_help_texts_have_none_of_them_either() -> None:
    texts = [
        *_help_texts(typer.main.get_command(app_of())),
        (ROOT / "Makefile").read_text(),
        (ROOT / "openapi.yaml").read_text(),
    ]
    assert len(texts) > 100
    assert [word for text in texts for word in RIDDLES.findall(text)] == []


def test_docstrings_and_comments_have_none_of_them_either() -> None:
    words = {
        path.relative_to(ROOT).as_posix(): found
        for path in (ROOT / "src").rglob("*.py")
        if (found := [word for text in texts_of_code(path) for word in RIDDLES.findall(text)])
    }
    assert words == {}


def test_the_thirteen_promises_are_defined() -> None:
    assert {f"p{number}" for number in range(1, 14)} <= anchors_of(DELIVERY)


@pytest.mark.parametrize("folder", ["src", "tests", "bench"])
def test_code_cites_no_promise_that_is_not_defined(folder: str) -> None:
    docstrings = (path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py"))
    cited = {number for text in docstrings for number in re.findall(r"(?:[Pp]romise |\()P([0-9]+)\b", text)}
    assert cited
    assert {f"p{number}" for number in cited} <= anchors_of(DELIVERY)


def test_the_index_of_decisions_has_each_of_them_once_by_number() -> None:
    rows = re.findall(r"^\| \[(\d+)\]\((\S+)\) \| \S", (DECISIONS / "README.md").read_text(), re.MULTILINE)
    files = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [file for _, file in rows] == files
    assert [int(number) for number, _ in rows] == [int(file[:4]) for file in files]


def test_a_decision_has_its_number_in_its_title() -> None:
    for path in DECISIONS.glob("[0-9]*.md"):
        assert path.read_text().startswith(f"# {int(path.name[:4])}. "), path.name


def test_numbers_without_a_decision_are_named() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS.glob("[0-9]*.md")]
    skipped = sorted(set(range(1, max(numbers))) - set(numbers))
    [said] = re.findall(r"numbers ([\d, and]+) were never", (DECISIONS / "README.md").read_text())
    assert [int(number) for number in re.findall(r"\d+", said)] == skipped


def test_faults_of_a_document_are_found(tmp_path: Path) -> None:
    document = tmp_path / "sample.md"
    document.write_text(
        "# A `b`, and c\n\n[here](#a-b-and-c) [there](sample.md#a-b-and-c) [not](#d) [gone](gone.md)\n"
        "```sh\n[code](gone.md)\n```\n[promise P6](delivery.md#p6) [P5](delivery.md#p6) P7\n"
        "[P12](delivery.md#p12) [P12](delivery.md#p1) P13\n"
        "`pan.py` `no_such_module.py`\n"
    )
    assert list(dead_links(document)) == [
        "#d",
        "gone.md",
        "delivery.md#p6",
        "delivery.md#p6",
        "delivery.md#p12",
        "delivery.md#p1",
    ]
    assert list(unlinked_promises(document)) == ["P5", "P7", "P12", "P13"]
    assert list(missing_modules(document)) == ["no_such_module.py"]
    assert PROMISE.findall("P1, P13 and HTTP2") == ["1", "13"]
    module = tmp_path / "sample.py"
    module.write_text('"""A docstring."""\nanew = "a text"  # a comment\n')
    assert list(texts_of_code(module)) == ['"""A docstring."""', '"a text"', "# a comment"]
    assert RIDDLES.findall("made anew; that\nof another; that offer; it gets on; a new one") == [
        *("anew", "that\nof", "gets on")
    ]


def _help_texts(command: Any) -> Iterator[str]:
    texts = [command.help, command.epilog, *(getattr(option, "help", None) for option in command.params)]
    yield from filter(None, texts)
    for inner in getattr(command, "commands", {}).values():
        yield from _help_texts(inner)
