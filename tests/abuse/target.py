"""What the climbing fuzzer is pointed at."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Protocol

Mutation = Callable[[Random, bytes], bytes]
"""One change to some bytes."""


class Target(Protocol):
    """Work that bytes from outside make, and the ordinary bytes that its cost is compared with."""

    @property
    def bar(self) -> float:
        """How many times what is due some bytes may cost."""

    @property
    def bytes_max(self) -> int:
        """The longest bytes that reach the work."""

    @property
    def reference(self) -> bytes:
        """Ordinary bytes. Their cost is measured side by side with the cost of every candidate."""

    @property
    def seeds(self) -> Sequence[bytes]:
        """Where the climbs begin: ordinary bytes, and the dear ones that are known."""

    @property
    def pieces(self) -> Sequence[bytes]:
        """Bytes that mean something to the work: brackets, names, numbers, separators."""

    @property
    def mutations(self) -> Sequence[Mutation]:
        """Changes that keep to the grammar of the bytes, besides those that need none (`mutations`)."""

    def due(self, data: bytes) -> float:
        """How many times the reference's cost is a fair price of some bytes; 1 of the reference itself."""

    def run(self, data: bytes) -> None:
        """Do the work once. Whatever it refuses is part of the work and raises nothing."""
