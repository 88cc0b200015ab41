"""A documented operation whose requests go straight to an ASGI callable.

FastAPI's own way from a route to its function (dependencies, request and response objects) costs more than all that
`POST /transactions` does. A raw route stands in the same application and the same document and leaves that out.
It must be added to the application itself: `include_router` makes routes anew, from their functions.
`FrontDoor` leads to it past the layers that the framework puts around its router.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from txn_api.edge import Edge, Guarded
from txn_api.whole_request import WholeRequest

TakeAll = Callable[[Edge, Sequence[WholeRequest]], None]


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


class FrontDoor(FastAPI):
    """An application whose raw routes are answered before any layer of the framework, behind the same edge."""

    def __init__(self, edge: Edge, raw_routes: Sequence[RawRoute], **description: Any) -> None:
        """Take the edge that every request passes; raw routes have no parameters in their paths."""
        super().__init__(**description)
        self._edge = edge
        self._taken: list[tuple[TakeAll, WholeRequest]] = []
        self._raw = {(method, route.path): route for route in raw_routes for method in route.methods or ()}
        self.router.routes.extend(raw_routes)
        # The framework's own holder raises and catches an error whenever something is taken out of it.
        cast("Any", self).state = SimpleNamespace()
        self.add_middleware(Guarded, edge=edge)

    def take(self, request: WholeRequest) -> bool:
        """Take a whole request, to be answered with others of this turn; false if its route answers each alone."""
        scope = request.scope
        route = self._raw.get((scope["method"], scope["path"]))
        if route is None or route.take_all is None:
            return False
        scope["app"], scope["route"] = self, route
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._answer_taken)
        self._taken.append((route.take_all, request))
        return True

    def _answer_taken(self) -> None:
        taken, self._taken = self._taken, []
        for take_all, group in groupby(taken, key=itemgetter(0)):
            take_all(self._edge, [request for _, request in group])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = self._raw.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"], scope["route"] = self, route
        await self._edge.answer(route.app, scope, receive, send)
