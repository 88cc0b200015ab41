"""The application's outermost part: the edge, and then the credential, before anything else of a request is read.

Nobody without a valid credential reaches the framework, a dependency, or a body. What is open to all, what does not
exist, and what is refused with 401 are answered here, each for about the same.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from txn_api.edge.buffered_request import BufferedRequest, enter
from txn_api.edge.edge import Edge
from txn_api.edge.open_routes import answering
from txn_api.edge.raw_route import RawRoute, TakeAll
from txn_api.edge.request_context import UNTRACED
from txn_api.edge.route_table import Entrance, RouteTable
from txn_api.problems import Problem
from txn_api.services import Services


class App(FastAPI):
    """An application that asks for the credential first."""

    def __init__(
        self,
        edge: Edge,
        *,
        raw_routes: Sequence[RawRoute],
        keyed: Sequence[APIRouter],
        opened: Sequence[APIRouter],
        **description: Any,
    ) -> None:
        """Take the edge that every request passes.

        `raw_routes` and the routes of `keyed` need a credential; those of `opened` are open to all. Raw routes
        have no parameters in their paths.
        """
        super().__init__(
            **description,
            # A redirect of a slash would echo the query, card number and all.
            redirect_slashes=False,
            # The framework's own pages load their parts from elsewhere, and it renders the document for each request.
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            # The framework's own would write queries and errors' texts into traces and logs, card number and all.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self._edge = edge
        self._taken: list[tuple[TakeAll, BufferedRequest]] = []
        self._raw = {(method, route.path): route for route in raw_routes for method in route.methods or ()}
        self.router.routes.extend(raw_routes)
        for router in (*keyed, *opened):
            self.include_router(router)
        self._table = RouteTable(
            keyed=[
                *(Entrance(route, route.app) for route in raw_routes),
                *(Entrance(route, None) for route in _routes(keyed)),
            ],
            opened=[Entrance(route, answering(route)) for route in _routes(opened)],
        )
        # The framework's own holder raises and catches an error whenever something is taken out of it.
        cast("Any", self).state = SimpleNamespace()

    def build_middleware_stack(self) -> ASGIApp:
        """The framework's own layers without those around them, for which the edge stands."""
        return ExceptionMiddleware(AsyncExitStackMiddleware(self.router), handlers=self.exception_handlers)

    def absence(self, path: str) -> Problem:
        """Why a request for this path that no route takes is refused."""
        return self._table.absence(path)

    def set_aside(self, scope: Scope) -> AbstractContextManager[None]:
        """See `Edge.set_aside`."""
        return self._edge.set_aside(scope)

    def knows(self, scope: Scope) -> bool:
        """See `TakesBufferedRequests`."""
        services: Services = self.state.services
        return services.gate.knows(scope)

    def take(self, request: BufferedRequest) -> bool:
        """Take a request, to be answered with others of this turn (`TakesBufferedRequests`).

        False if its route answers each alone, or its sender is not known.
        """
        scope = request.scope
        route = self._raw.get((scope["method"], scope["path"]))
        if route is None or route.take_all is None:
            return False
        services: Services = self.state.services
        if not services.gate.recognises(scope):
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
        enter(self, scope)
        if scope["type"] == "http":
            scope["app"] = self
            await self._edge.answer(self._enter, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that has passed the edge.

        Raises:
            Problem: 401 or 503 for its credential, or that there is no such route.
        """
        path = scope["path"]
        entrance = self._table.find(scope["method"], path)
        if entrance is not None:
            scope["route"] = entrance.route
        if self._table.is_keyed(path):
            services: Services = self.state.services
            # Of strangers: to look for card numbers in a trace id costs a third of a refusal (ADR 20).
            scope["state"][UNTRACED] = True
            await services.gate.identify(scope)
            del scope["state"][UNTRACED]
        elif entrance is None:
            raise self._table.absence(path)
        answer = None if entrance is None else entrance.answer
        await (answer or super().__call__)(scope, receive, send)


def _routes(routers: Sequence[APIRouter]) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
