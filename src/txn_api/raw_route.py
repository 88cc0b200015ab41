"""A documented operation whose requests go straight to an ASGI callable.

FastAPI's own way from a route to its function (dependencies, request and response objects) costs more than all that
`POST /transactions` does. A raw route stands in the same application and the same document and leaves that out.
It must be added to the application itself: `include_router` makes routes anew, from their functions.
"""

from typing import Any

from fastapi.routing import APIRoute
from starlette.types import ASGIApp


class RawRoute(APIRoute):
    """A route that is described like any other and handled by `handler`, whose docstring is its description."""

    def __init__(self, path: str, handler: ASGIApp, **description: Any) -> None:
        async def described() -> None:
            """Stand in for the handler, whose parameters are not the operation's."""

        described.__doc__ = handler.__doc__
        super().__init__(path, described, **description)
        self.app = handler
