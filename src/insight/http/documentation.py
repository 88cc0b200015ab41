"""`/insight/openapi.json`: the service's own document, open to all as the API's is."""

from functools import lru_cache
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from txn_api.router import Router

router: Final = Router(include_in_schema=False)


@router.get("/insight/openapi.json")
async def document(request: Request) -> Response:
    """The OpenAPI document, rendered when it is asked for first."""
    return Response(_document(request.app), media_type="application/json")


# A process has one application.
@lru_cache(maxsize=1)
def _document(app: FastAPI) -> bytes:
    return bytes(JSONResponse(app.openapi()).body)
