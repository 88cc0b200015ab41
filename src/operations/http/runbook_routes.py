"""`/runbook`: what to do about each finding, as pages for people, open to all and no part of the contract."""

from collections.abc import Iterable
from html import escape
from typing import Final

from starlette.responses import Response

from operations.health.runbook import RUNBOOK, RunbookEntry, thresholds_of
from operations.http.report_routes import TAG
from txn_api.pages.plain_pages import answer_page, inline, page_of
from txn_api.problems import RouteNotFound
from txn_api.resource import Resource
from txn_api.router import Router

router = Router(include_in_schema=False)


@router.get("/runbook")
async def runbook() -> Response:
    """All entries, with a link to each."""
    return _INDEX


@router.get("/runbook/{name}")
async def runbook_entry(name: str) -> Response:
    """One entry."""
    if (page := _PAGES.get(name)) is None:
        raise RouteNotFound
    return page


def _entry(entry: RunbookEntry) -> str:
    steps = "".join(f"<li>{inline(step)}</li>\n" for step in entry.steps)
    return (
        f"<h1>{escape(entry.title)}</h1>\n<p>{inline(entry.meaning)}</p>\n<p>{escape(thresholds_of(entry))}</p>\n"
        f"<h2>What to do</h2>\n<ol>\n{steps}</ol>\n"
        '<p><a href="/runbook">The whole runbook</a>, <a href="/#/operations">operations</a></p>'
    )


def _index(entries: Iterable[RunbookEntry]) -> str:
    items = "".join(
        f'<dt><a href="{each.address}">{escape(each.title)}</a></dt><dd>{inline(each.meaning)}</dd>\n'
        for each in entries
    )
    return f'<h1>Runbook</h1>\n<dl>\n{items}</dl>\n<p><a href="/#/operations">Operations</a></p>'


_INDEX: Final = answer_page(page_of("Runbook", _index(RUNBOOK)))
_PAGES: Final = {entry.name: answer_page(page_of(entry.title, _entry(entry))) for entry in RUNBOOK}

resource: Final = Resource(tag=TAG, router=router, is_open=True)
