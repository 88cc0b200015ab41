"""Request headers of a raw request: of the dozen that a client sends the few that are asked for are decoded."""

from collections.abc import Sequence
from typing import Final, Protocol, Self

from starlette.types import Scope

from txn_api.access.credential import Credential

_KNOWN: Final = "raw_headers"


class Headers(Protocol):
    """What is asked of headers; Starlette's own have it too."""

    def get(self, name: str, default: str, /) -> str:
        """A header's value by its lower-case name, the default if it is not there."""


class RawHeaders:
    """The headers by their lower-case names (ASGI).

    A name that comes several times has all of its values, joined by commas (RFC 9110, 5.3): of two credentials, or
    two types of one body, neither counts.
    """

    __slots__ = ("_repeated", "_values", "credential")

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Those of a request; read once, however many ask."""
        state = scope["state"]
        known: Self | None = state.get(_KNOWN)
        if known is None:
            known = state[_KNOWN] = cls(scope)
        return known

    def __init__(self, scope: Scope) -> None:
        headers = scope["headers"]
        self.credential: Credential | None = None
        """What was read of them as the request's credential, once it was (`txn_api.access.authenticator`)."""
        self._values: dict[bytes, bytes] = dict(headers)
        # Of a head with hundreds of repeated names few are asked for.
        self._repeated: Sequence[tuple[bytes, bytes]] = () if len(self._values) == len(headers) else headers

    def get(self, name: str, default: str, /) -> str:
        """A header's value by its lower-case name, the default if it is not there."""
        value = self.find(name.encode())
        return default if value is None else value.decode("latin-1")

    def has_any(self, names: frozenset[bytes]) -> bool:
        """Whether one of these headers is there."""
        return not names.isdisjoint(self._values)

    def find(self, name: bytes) -> bytes | None:
        """A header's value as it came, none if it is not there."""
        value = self._values.get(name)
        if value is None or not self._repeated:
            return value
        return b", ".join([each for found, each in self._repeated if found == name])
