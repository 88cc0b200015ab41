"""Pages of text for people, without a script: of problems, and of the runbook."""

import re
from html import escape
from typing import Final

from starlette.responses import HTMLResponse, Response

_CODE: Final = re.compile(r"`([^`]+)`")
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}


def answer_page(text: str) -> Response:
    """The answer with a page."""
    return HTMLResponse(text, headers=_HEADERS)


def page_of(title: str, body: str) -> str:
    """A whole page; `body` is markup."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="data:,">\n'
        f'<link rel="stylesheet" href="/docs/problems.css">\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def inline(text: str) -> str:
    """A text as markup, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
