"""Request headers as a plain mapping: what a request is asked a few times is decoded once."""

from collections.abc import Mapping

from starlette.types import Scope


def headers_of(scope: Scope) -> Mapping[str, str]:
    """The headers by their lower-case names (ASGI); of a name that comes twice, the first value."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
