"""`/`: a page for people, of static files of our own; all that it shows, it asks the API and the insight service for.

It is no part of the API's contract, and so not in its document.
"""

from functools import lru_cache
from typing import Final

from fastapi import Request
from starlette.responses import Response

from txn_api.edge.security_headers import of_pages
from txn_api.pages.page_files import INDEX, PageFile, index_file, page_files
from txn_api.problems import RouteNotFound
from txn_api.router import Router
from txn_api.services import Service

router = Router(include_in_schema=False)
# Kept, and asked for again by tag: a page whose files are of two versions would be none.
_KEPT: Final = {"Cache-Control": "no-cache"}
_FILES: Final = page_files(_KEPT)


@router.get("/")
async def index(request: Request, service: Service) -> Response:
    """Answer with the page."""
    return _index(service.settings.insight_url).answer(request)


@router.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    """Answer with one of its files; the page itself has its one address."""
    if name not in _FILES or name == INDEX:
        raise RouteNotFound
    return _FILES[name].answer(request)


# A process has one application, and so one of them.
@lru_cache(maxsize=4)
def _index(insight_url: str | None) -> PageFile:
    return index_file(insight_url or "", _KEPT | of_pages(insight_url))
