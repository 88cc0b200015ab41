"""Routers whose GETs answer HEAD as well: any resource that has the one has the other (RFC 9110, 9.1)."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter


class Router(APIRouter):
    """A router of the framework's that adds to each GET its HEAD.

    The same function answers both, so that the heads are the same; the server leaves the body out (9.3.2). HEAD is no
    operation of the document, where each read would stand twice and every client made of it have each call twice.
    """

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **description: Any) -> None:
        """Add a route, and one for HEAD if it is for GET."""
        super().add_api_route(path, endpoint, **description)
        if description.get("methods") == ["GET"]:
            super().add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
