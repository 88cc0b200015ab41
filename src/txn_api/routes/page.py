"""`/`: a page for people, of static files of our own; all that it shows, it asks the API for.

It is no part of the API's contract, and so not in its document.
"""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from txn_api.page_files import INDEX, page_files
from txn_api.problems import RouteNotFound
from txn_api.router import Router
from txn_api.security_headers import HTML

router = Router(include_in_schema=False)
_FILES: Final = page_files()
# Kept, and asked for again by tag: a page whose files are of two versions would be none.
_KEPT: Final = {"Cache-Control": "no-cache"}


@router.get("/")
async def index(request: Request) -> Response:
    """Answer with the page."""
    return _FILES[INDEX].answer(request, _KEPT | HTML)


@router.get("/page/{name}")
async def file(request: Request, name: str) -> Response:
    """Answer with one of its files; the page itself has its one address."""
    if name not in _FILES or name == INDEX:
        raise RouteNotFound
    return _FILES[name].answer(request, _KEPT)
