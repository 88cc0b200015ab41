"""Rules on documents and docstrings: links lead somewhere, promises are defined, modules exist, words are plain."""

import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DECISIONS: Final = ROOT / "docs" / "adr"
DELIVERY: Final = ROOT / "docs" / "delivery.md"
DOCUMENTS: Final = (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))

RIDDLES: Final = re.compile(
    r"\b(passages?|whole_\w+|siblings?|specimens?|patiently|lest|noughts?|anew"
    r"|that(?:\s|#|//|--)+of|(?:gets?|got|getting)(?:\s|#|//|--)+on)\b",
    re.IGNORECASE,
)
"""Words that plain sentences of ours do without, also where a sentence goes on in the next line of a comment."""
PROMISE: Final = re.compile(r"\bP([1-9]\d?)\b")
_FENCE: Final = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_ANCHOR: Final = re.compile(r'<a id="([^"]+)">')
_MODULE: Final = re.compile(r"`([\w/.*]*\w\.py)`")


def prose_of(document: Path) -> str:
    """A document without its blocks of code."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


@cache
def anchors_of(document: Path) -> frozenset[str]:
    """What a link may name in a document: its anchors, and its headings in the form that GitHub gives them."""
    prose = prose_of(document)
    headings = (
        re.sub(r"[^\w\- ]", "", _unlinked(each)).lower().replace(" ", "-") for each in _HEADING.findall(prose)
    )
    return frozenset({*headings, *_ANCHOR.findall(prose)})


def dead_links(document: Path) -> Iterator[str]:
    """Links to files or anchors that are not there; addresses of the web are not looked at."""
    for link in _LINK.finditer(prose_of(document)):
        path, _, anchor = link["target"].partition("#")
        if path.startswith(("http:", "https:", "mailto:")):
            continue
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link["target"]


def unlinked_promises(document: Path) -> Iterator[str]:
    """Citations of a promise that are no link to its definition; the document that defines them cites as it likes."""
    rest = _LINK.sub(lambda link: "" if _is_linked(link["text"], link["target"]) else link[0], prose_of(document))
    if document != DELIVERY:
        yield from (found[0] for found in PROMISE.finditer(rest))


def _is_linked(text: str, target: str) -> bool:
    """Whether a link's text ends in a promise, and its target is that one's definition."""
    cited = PROMISE.findall(text)
    return bool(cited) and text.endswith(f"P{cited[-1]}") and target.endswith(f"#p{cited[-1]}")


def missing_modules(document: Path) -> Iterator[str]:
    """Python files that a document names and that are nowhere in the repository."""
    for name in _MODULE.findall(prose_of(document)):
        if not any(path.match(name) for path in _modules()):
            yield name


def texts_of_code(module: Path) -> Iterator[str]:
    """The comments and the literals of a module, docstrings among them."""
    with tokenize.open(module) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type in {tokenize.COMMENT, tokenize.STRING}:
                yield token.string


@cache
def _modules() -> tuple[Path, ...]:
    return tuple(
        path for folder in ("bench", "deploy", "devkit", "src", "tests") for path in (ROOT / folder).rglob("*.py")
    )


def _unlinked(heading: str) -> str:
    return _LINK.sub(lambda link: link["text"], heading)
