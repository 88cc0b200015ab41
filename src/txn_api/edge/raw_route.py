"""A documented operation whose requests go straight to an ASGI callable.

FastAPI's own way from a route to its function (dependencies, request and response objects) costs more than all that
`POST /transactions` does. A raw route stands in the same application and the same document and leaves that out.
It must be added to the application itself: `include_router` makes new routes, from their functions.
`App` (`application.py`) leads to it past the layers that the framework puts around its router.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from txn_api.edge.buffered_request import BufferedRequest
from txn_api.edge.edge import Edge

TakeAll = Callable[[Edge, Sequence[BufferedRequest]], None]


class RawRoute(APIRoute):
    """A route that is described like any other and handled by `handler`, whose docstring is its description.

    `take_all` answers requests that are whole, all that arrive in one turn of the event loop together.
    """

    def __init__(self, path: str, handler: ASGIApp, *, take_all: TakeAll | None = None, **description: Any) -> None:
        async def described() -> None:
            """Stand in for the handler, whose parameters are not the operation's."""

        described.__doc__ = handler.__doc__
        super().__init__(path, described, **description)
        self.app, self.take_all = handler, take_all
