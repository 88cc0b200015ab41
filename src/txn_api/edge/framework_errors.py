"""What the framework raises of its own, as problems of ours: the edge answers problems alone."""

from typing import NoReturn

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from txn_api.edge.application import App
from txn_api.problems import ParameterInvalid
from txn_core.transactions.faults import fault_of


def install(app: App) -> None:
    """Have the framework's errors become problems."""
    app.add_exception_handler(RequestValidationError, refuse_parameters)
    app.add_exception_handler(HTTPException, _refuse_route)


async def refuse_parameters(_: Request, error: Exception) -> NoReturn:
    """Raise what a client is told of wrong parameters: fixed texts by code, and names of ours."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    error.__traceback__ = None  # the frame in it that raised the error holds the error, too
    raise ParameterInvalid(
        [
            # The first step of a location says query or path; the rest are our own names.
            fault_of(detail | {"loc": detail["loc"][1:]})
            for detail in error.errors()
        ]
    ) from None


async def _refuse_route(request: Request, _: Exception) -> NoReturn:
    app: App = request.app
    raise app.absence(request.scope["path"]) from None
