"""Request headers of a raw request: of the dozen that a client sends the few that are asked for are decoded."""

from typing import Final, Protocol, Self

from starlette.types import Scope

_KNOWN: Final = "raw_headers"


class Headers(Protocol):
    """What is asked of headers; Starlette's own have it too."""

    def get(self, name: str, default: str, /) -> str:
        """A header's value by its lower-case name, the default if it is not there."""

    def getlist(self, key: str, /) -> list[str]:
        """The values of all lines of a header, by its lower-case name."""


class RawHeaders:
    """The headers by their lower-case names (ASGI); of a name that comes twice, `get` and `find` give the first."""

    __slots__ = ("_lines", "_values")

    @classmethod
    def of(cls, scope: Scope) -> Self:
        """Those of a request; read once, however many ask."""
        state = scope["state"]
        known: Self | None = state.get(_KNOWN)
        if known is None:
            known = state[_KNOWN] = cls(scope)
        return known

    def __init__(self, scope: Scope) -> None:
        self._lines: list[tuple[bytes, bytes]] = scope["headers"]
        self._values: dict[bytes, bytes] = dict(reversed(self._lines))

    def get(self, name: str, default: str, /) -> str:
        """A header's value by its lower-case name, the default if it is not there."""
        value = self._values.get(name.encode())
        return default if value is None else value.decode("latin-1")

    def getlist(self, key: str, /) -> list[str]:
        """The values of all lines of a header, by its lower-case name."""
        sought = key.encode()
        return [value.decode("latin-1") for name, value in self._lines if name == sought]

    def find(self, name: bytes) -> bytes | None:
        """A header's value as it came, none if it is not there."""
        return self._values.get(name)
