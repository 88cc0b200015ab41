"""Routes that are open to all, answered without the framework, whose own way costs more than what they do."""

from inspect import signature
from typing import Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from txn_api.services import services_of

_REQUEST: Final = "request"


def answering(route: APIRoute) -> ASGIApp | None:
    """An application that calls the route's function.

    None for a route that takes more than the request, its path and the application's services.
    """
    needs = route.dependant
    parameters = (*needs.query_params, *needs.header_params, *needs.cookie_params, *needs.body_params)
    if parameters or any(each.call is not services_of for each in needs.dependencies):
        return None
    takes_request = _REQUEST in signature(route.endpoint).parameters
    takes_services = [each.name for each in needs.dependencies if each.name is not None]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        match = route.path_regex.match(scope["path"])
        arguments = {} if match is None else match.groupdict()
        request = Request(scope, receive)
        if takes_request:
            arguments[_REQUEST] = request
        for name in takes_services:
            arguments[name] = await services_of(request)
        response: Response = await route.endpoint(**arguments)
        await response(scope, receive, send)

    return answer
