"""`/runbook`: what to do about alarms and findings, as pages for people, open to all and no part of the contract."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from starlette.responses import Response

from operations.http.report_routes import TAG
from operations.http.runbook_file import alarm_lines
from operations.runbook.runbook import RUNBOOK
from operations.runbook.runbook_entry import RunbookEntry, thresholds_of
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
    return (
        f"<h1>{escape(entry.title)}</h1>\n<p>{inline(entry.symptom)}</p>\n<p>{escape(thresholds_of(entry))}</p>\n"
        f"{_list('Alarms', 'ul', alarm_lines(entry))}"
        f"{_list('First look', 'ol', entry.first_look)}{_list('Safe action', 'ol', entry.safe_action)}"
        f"<h2>When to stop</h2>\n<p>{inline(entry.stop)}</p>\n"
        '<p><a href="/runbook">The whole runbook</a>, <a href="/#/operations">operations</a></p>'
    )


def _list(title: str, tag: str, items: Sequence[str]) -> str:
    """A list under a heading; nothing for none."""
    rows = "".join(f"<li>{inline(item)}</li>\n" for item in items)
    return f"<h2>{title}</h2>\n<{tag}>\n{rows}</{tag}>\n" if items else ""


def _index(entries: Iterable[RunbookEntry]) -> str:
    items = "".join(
        f'<dt><a href="{each.address}">{escape(each.title)}</a></dt><dd>{inline(each.symptom)}</dd>\n'
        for each in entries
    )
    return f'<h1>Runbook</h1>\n<dl>\n{items}</dl>\n<p><a href="/#/operations">Operations</a></p>'


_INDEX: Final = answer_page(page_of("Runbook", _index(RUNBOOK)))
_PAGES: Final = {entry.name: answer_page(page_of(entry.title, _entry(entry))) for entry in RUNBOOK}

resource: Final = Resource(tag=TAG, router=router, is_open=True)
