"""A documented operation whose requests go straight to an ASGI callable.

FastAPI's own way from a route to its function (dependencies, request and response objects) costs more than all that
`POST /transactions` does. A raw route stands in the same application and the same document and leaves that out.
It must be added to the application itself: `include_router` makes routes anew, from their functions.
`RawRoutes` leads to it past the layers that the framework puts around its router.
"""

from collections.abc import Sequence
from typing import Any

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class RawRoute(APIRoute):
    """A route that is described like any other and handled by `handler`, whose docstring is its description."""

    def __init__(self, path: str, handler: ASGIApp, **description: Any) -> None:
        async def described() -> None:
            """Stand in for the handler, whose parameters are not the operation's."""

        described.__doc__ = handler.__doc__
        super().__init__(path, described, **description)
        self.app = handler


class RawRoutes:
    """Middleware that hands requests of raw routes to their handlers and all others on; paths without parameters."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[RawRoute]) -> None:
        self._app = app
        self._routes = {(method, route.path): route for route in routes for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what goes wrong is left to the layers around this one."""
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
        else:
            scope["route"] = route
            await route.app(scope, receive, send)
