"""`/`: a page for people, of static files of our own; all that it shows, it asks the API for.

It is no part of the API's contract, and so not in its document.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from txn_api.edge.security_headers import HTML
from txn_api.pages.page_files import INDEX, page_files
from txn_api.problems import RouteNotFound
from txn_api.router import Router

router = Router(include_in_schema=False)
# Kept, and asked for again by tag: a page whose files are of two versions would be none.
_KEPT: Final = {"Cache-Control": "no-cache"}
_FILES: Final = page_files(_KEPT, _KEPT | HTML)


@router.get("/")
async def index(request: Request) -> Response:
    """Answer with the page."""
    return _FILES[INDEX].answer(request)


@router.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    """Answer with one of its files; the page itself has its one address."""
    if name not in _FILES or name == INDEX:
        raise RouteNotFound
    return _FILES[name].answer(request)
