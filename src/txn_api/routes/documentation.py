"""`/docs`, the interactive documentation, and `/problems/{code}`: pages for people, whole without any other host.

Swagger UI's files come from the package that pins them; the page names files of this service alone, and its
Content-Security-Policy holds it to that.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from txn_api.pages.page_files import PageFile
from txn_api.pages.plain_pages import answer_page
from txn_api.pages.problem_pages import ProblemPages
from txn_api.problems import RouteNotFound
from txn_api.router import Router

router = Router(include_in_schema=False)

_OURS: Final = Path(__file__).parents[1] / "static"
_PAGE: Final = "docs.html"
_OUR_NAMES: Final = ("docs.js", "problems.css")
_THEIR_NAMES: Final = ("swagger-ui-bundle.js", "swagger-ui.css")
# What is large changes with a pin alone; what is ours is small and changes as it likes.
_LARGE: Final = {"Cache-Control": "public, max-age=3600"}
_SMALL: Final = {"Cache-Control": "no-cache"}
# Swagger UI sets styles from its script, and draws its icons from data: URLs.
_DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _files() -> dict[str, PageFile]:
    found = find_spec("fastapi_offline")
    assert found is not None and found.submodule_search_locations  # noqa: PT018, S101 - a dependency is installed
    theirs = Path(found.submodule_search_locations[0]) / "static"
    return {
        _PAGE: PageFile.read(_OURS / _PAGE, _SMALL | {"Content-Security-Policy": _DOCS_POLICY}),
        **{name: PageFile.read(_OURS / name, _SMALL) for name in _OUR_NAMES},
        **{name: PageFile.read(theirs / name, _LARGE) for name in _THEIR_NAMES},
    }


_FILES: Final = _files()


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document, rendered when it is asked for first: each time would cost as much as many posts."""
    return Response(_document(request.app), media_type="application/json")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The OpenAPI document to read and to try out."""
    return _FILES[_PAGE].answer(request)


@router.get("/docs/{name}")
async def docs_file(request: Request, name: str) -> Response:
    """One of the files that the pages are made of."""
    if name not in _FILES or name == _PAGE:
        raise RouteNotFound
    return _FILES[name].answer(request)


@router.get("/problems")
async def problems(request: Request) -> Response:
    """All problems, with a link to each."""
    return answer_page(_pages(request.app).index)


@router.get("/problems/{code}")
async def problem(request: Request, code: str) -> Response:
    """One problem, explained: where its `type` leads."""
    page = _pages(request.app).of(code)
    if page is None:
        raise RouteNotFound
    return answer_page(page)


# A process has one application.
@lru_cache(maxsize=1)
def _document(app: FastAPI) -> bytes:
    return bytes(JSONResponse(app.openapi()).body)


@lru_cache(maxsize=1)
def _pages(app: FastAPI) -> ProblemPages:
    return ProblemPages(app.openapi())
