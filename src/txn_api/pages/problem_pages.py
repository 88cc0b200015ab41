"""The page that a problem's `type` leads to (RFC 9457, 3.1.1: documentation for people), and the list of all."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from txn_api.pages.explanations import Explanation, explanations
from txn_api.pages.plain_pages import inline, page_of
from txn_api.problems import TYPE_BASE


class ProblemPages:
    """The pages of one OpenAPI document, made once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        found = explanations(dict(document))
        self._pages = {
            each.kind.code: page_of(f"{each.kind.code}: {each.kind.title}", _problem(each)) for each in found
        }
        self.index = page_of("Problems", _index(found))

    def of(self, code: str) -> str | None:
        """The page of a problem, if there is one of that code."""
        return self._pages.get(code)


def _problem(explained: Explanation) -> str:
    problem = explained.kind
    rows = [
        ("What it means", explained.meaning),
        ("What the answer says", problem.detail),
        ("What to do", problem.remedy),
        ("Answered by", explained.answered_by),
        *([("Headers", explained.headers)] if explained.headers else []),
    ]
    return (
        f"<h1>{escape(problem.title)}</h1>\n<p><code>{problem.code}</code>, HTTP status {problem.status}</p>\n"
        f"<dl>\n{''.join(f'<dt>{name}</dt><dd>{inline(text)}</dd>{chr(10)}' for name, text in rows)}</dl>\n"
        f"<h2>Example</h2>\n<pre>{escape(explained.example)}</pre>\n"
        f'<p><a href="{TYPE_BASE[:-1]}">All problems</a>, <a href="/docs">the documentation</a></p>'
    )


def _index(found: Iterable[Explanation]) -> str:
    items = "".join(
        f'<dt>{each.kind.status}: <a href="{TYPE_BASE}{each.kind.code}"><code>{each.kind.code}</code></a></dt>'
        f"<dd>{inline(each.meaning)}</dd>\n"
        for each in found
    )
    return f'<h1>Problems</h1>\n<dl>\n{items}</dl>\n<p><a href="/docs">The documentation</a></p>'
