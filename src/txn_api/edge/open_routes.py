"""Routes that are open to all, answered without the framework, whose own way costs more than what they do."""

from inspect import signature
from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_REQUEST: Final = "request"


def answering(route: APIRoute) -> ASGIApp | None:
    """An application that calls the route's function, or None for a route that takes more than request and path."""
    needs = route.dependant
    if needs.dependencies or needs.query_params or needs.header_params or needs.cookie_params or needs.body_params:
        return None
    takes_request = _REQUEST in signature(route.endpoint).parameters

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        match = route.path_regex.match(scope["path"])
        arguments = {} if match is None else match.groupdict()
        if takes_request:
            arguments[_REQUEST] = Request(scope, receive)
        response: Response = await route.endpoint(**arguments)
        await response(scope, receive, send)

    return answer
