"""Finds the route of a request without the framework, so that a request without a valid key costs little.

A path whose first segment leads to an operation that needs a credential is keyed as a whole: without one nobody
learns which methods and which paths there are below it, but for those that are open to all.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from txn_api.problems import MethodNotAllowed, Problem, RouteNotFound


class Entrance(NamedTuple):
    """A route, and what answers its requests; None stands for the framework."""

    route: APIRoute
    answer: ASGIApp | None


class RouteTable:
    """The routes that need a credential, and those that are open to all."""

    def __init__(self, *, keyed: Sequence[Entrance], opened: Sequence[Entrance]) -> None:
        self._plain: dict[str, dict[str, Entrance]] = defaultdict(dict)  # by path and method
        self._templates: dict[str, list[Entrance]] = defaultdict(list)  # by what stands before the parameter
        self._open_paths = frozenset(entrance.route.path for entrance in opened)
        self._keyed_segments = frozenset(_first_segment(entrance.route.path) for entrance in keyed)
        for entrance in (*keyed, *opened):
            path = entrance.route.path
            if "{" in path:
                self._templates[path.partition("{")[0]].append(entrance)
            else:
                self._plain[path] |= dict.fromkeys(entrance.route.methods or (), entrance)

    def is_keyed(self, path: str) -> bool:
        """Whether a request for the path needs a credential, whatever its method."""
        return path not in self._open_paths and _first_segment(path) in self._keyed_segments

    def find(self, method: str, path: str) -> Entrance | None:
        """The entrance of a request, or None."""
        return self._here(path).get(method)

    def absence(self, path: str) -> Problem:
        """Why a request without a route is refused; the path's methods are named (RFC 9110, 10.2.1)."""
        methods = self._here(path)
        return MethodNotAllowed(headers={"Allow": ", ".join(sorted(methods))}) if methods else RouteNotFound()

    def _here(self, path: str) -> dict[str, Entrance]:
        """The entrances of a path by their methods."""
        if (plain := self._plain.get(path)) is not None:
            return plain
        candidates = self._templates.get(path[: path.rfind("/") + 1], ())
        matching = [each for each in candidates if each.route.path_regex.match(path)]
        return {method: each for each in matching for method in each.route.methods or ()}


def _first_segment(path: str) -> str:
    """The segment behind the first slash: a path has one, or it is `*` or empty."""
    return path[1 : end if (end := path.find("/", 1)) > 0 else len(path)]
