"""Routers whose operations ask for the key first, and whose GETs answer HEAD as well (RFC 9110, 9.1)."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi import APIRouter
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor

from txn_api.access.auth import KeyNeeded


class NotAnOperation(StringConvertor):
    """A step of a path that names no operation beside it: `GET /transactions/bulk` is a 405, not a look-up."""

    regex = "(?!bulk$|search$|next$|replay$|events$)[^/]+"


register_url_convertor("not_an_operation", NotAnOperation())


class Router(APIRouter):
    """A router of the framework's that adds to each GET its HEAD.

    The same function answers both, so that the heads are the same; the server leaves the body out (9.3.2). HEAD is no
    operation of the document, where each read would stand twice and every client made of it have each call twice.

    The framework runs the dependencies of a router before those of its functions. Whoever has no right to a call is
    to cost nothing more, so the key of each function comes before all of them, its limits and its scopes with it.
    """

    def __init__(self, *, checks: Sequence[Any] = (), **description: Any) -> None:
        """`checks` are dependencies of every route, in their order, behind the key."""
        super().__init__(**description)
        self._checks = checks

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **description: Any) -> None:
        """Add a route, and one for HEAD if it is for GET.

        Raises:
            ValueError: the framework would read the body, which it neither bounds nor searches for card numbers.
        """
        own = description.pop("dependencies", None) or ()
        dependencies = [*_keys_of(endpoint), *self._checks, *own]
        super().add_api_route(path, endpoint, dependencies=dependencies, **description)
        if isinstance(added := self.routes[-1], APIRoute) and added.body_field is not None:
            raise ValueError(f"{path}: a route reads its body by txn_api.writes.bodies, as routes/reads.py does")
        if description.get("methods") == ["GET"]:
            super().add_api_route(
                path, endpoint, dependencies=dependencies, methods=["HEAD"], include_in_schema=False
            )


def _keys_of(endpoint: Callable[..., Any]) -> list[Depends]:
    """The dependencies of a function that ask for a key."""
    hints = get_type_hints(endpoint, include_extras=True).values()
    said = [part for hint in hints if get_origin(hint) is Annotated for part in get_args(hint)]
    return [part for part in said if isinstance(part, Depends) and isinstance(part.dependency, KeyNeeded)]
